import { rm } from "node:fs/promises";
import { join } from "node:path";
import { startNatsServer } from "../../../src/bus/nats-server-process.ts";
import type { NatsServer } from "../../../src/bus/nats-server-process.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import type { ControllerApi, RunSummary } from "../parts/controller-main.ts";
import type { GraderApi } from "../parts/grader-main.ts";
import type { ModelApi } from "../parts/model-main.ts";
import type { WorkerApi } from "../parts/worker-main.ts";
import type { SandboxRates } from "./bench-job.ts";
import type { BusLogin } from "./bus-login.ts";
import type { Closers } from "./closers.ts";
import type { Recorded } from "./count-recorded.ts";
import type { Figures, PartFigures } from "./figures.ts";
import type { Load } from "./load.ts";
import { Meter, TreeMeter } from "./meter.ts";
import { Part } from "./part.ts";
import { ownedFolder } from "../../support/lib/owned-folder.ts";

/** What a run of Rollyard needs beside its load. */
export interface RollyardOptions {
  readonly scenario: "process" | "sandbox";
  readonly natsServer: string;
  readonly sandboxd: string;
  readonly rates: SandboxRates;
  /** Folder for a CPU profile of the worker; null for none. */
  readonly profileFolder: string | null;
}

interface Parts {
  readonly model: Part<ModelApi>;
  readonly server: NatsServer;
  readonly controller: Part<ControllerApi>;
  readonly grader: Part<GraderApi>;
  readonly worker: Part<WorkerApi>;
}

/** Runs the load through the product's own parts, each a process, on a nats-server of its own. */
export async function measureRollyard(
  load: Load,
  options: RollyardOptions,
  closers: Closers,
): Promise<Figures> {
  const parts = await startParts(load, options, closers);
  const { controller, model, server } = parts;
  const meter = new Meter({
    loop: parts.worker.pid,
    controller: controller.pid,
    grader: parts.grader.pid,
    "nats-server": server.pid(),
    "mock model": model.pid,
  });
  const tree = new TreeMeter(controller.pid);
  closers.add(async () => tree.stop());
  const summary = await controller.call("run", undefined);
  const used = meter.read();
  await controller.call("endSandboxes", undefined);
  const sandboxes: { sandboxes?: PartFigures } =
    options.scenario === "sandbox" ? { sandboxes: tree.end() } : {};
  const streams = await controller.call("streams", undefined);
  const seen = {
    summary,
    requests: await model.call("requests", undefined),
    recorded: await controller.call("recorded", undefined),
  };
  return {
    scenario: options.scenario,
    load,
    seconds: summary.seconds,
    parts: { ...used, ...sandboxes },
    streams: streams.filter(({ messages }) => messages > 0),
    problems: problemsOf(load, seen),
  };
}

async function startParts(load: Load, options: RollyardOptions, closers: Closers): Promise<Parts> {
  const folder = await ownedFolder("rollyard-bench-");
  closers.add(() => rm(folder, { recursive: true, force: true }));
  const binary = options.natsServer;
  const server = await startNatsServer({ binary, folder: join(folder, "nats"), logger: silentLogger });
  closers.add(() => server.stop());
  const started = <P extends { stop(): Promise<void> }>(part: P): P => {
    closers.add(() => part.stop());
    return part;
  };
  const login = (user: BusLogin["user"]): BusLogin => ({
    ...server.login(user),
    user,
    address: server.address,
    folder,
  });
  const model = started(new Part<ModelApi>("model-main.ts"));
  const modelURL = await model.call("start", load);
  const controller = started(new Part<ControllerApi>("controller-main.ts"));
  const isInProcess = options.scenario === "process";
  await controller.call("start", {
    login: login("controller"),
    load,
    modelURL,
    rates: options.rates,
    sandboxd: isInProcess ? null : options.sandboxd,
  });
  const grader = started(new Part<GraderApi>("grader-main.ts"));
  await grader.call("start", login("grader"));
  const worker = started(new Part<WorkerApi>("worker-main.ts", profileFlags(options)));
  await worker.call("start", { login: login("worker"), slots: load.parallelism, isInProcess });
  return { model, server, controller, grader, worker };
}

function profileFlags({ profileFolder, scenario }: RollyardOptions): readonly string[] {
  if (profileFolder === null) return [];
  return ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=worker-${scenario}.cpuprofile`];
}

/** A figure counts only when all of the load was done: every call made, recorded and graded. */
function problemsOf(
  load: Load,
  seen: { readonly summary: RunSummary; readonly requests: number; readonly recorded: Recorded },
): readonly string[] {
  const turns = load.rollouts * load.turns;
  const { graded, failures } = seen.summary;
  const wrong = [
    ["rollouts graded", graded, load.rollouts],
    ["model calls", seen.requests, turns],
    ["turns on record", seen.recorded.turns, turns],
    ["tool calls on record", seen.recorded.calls, turns],
  ] as const;
  return [
    ...wrong.flatMap(([what, is, must]) => (is === must ? [] : [`${is} ${what} instead of ${must}`])),
    ...[...Map.groupBy(failures, (code) => code)].map(([code, all]) => `${all.length} failed: ${code}`),
  ];
}

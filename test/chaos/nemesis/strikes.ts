import { basename } from "node:path";
import { readFileSync } from "node:fs";
import { pidsBelow } from "../../load/bench/process-usage.ts";
import type { SeededRandom } from "../../../src/lib/seeded-random.ts";
import { LOCAL_MAX_BYTES } from "../../../src/bus/stream-settings.ts";
import type { ChaosWorld } from "../world/chaos-world.ts";
import type { Link } from "../world/link.ts";
import { CALM } from "../world/model/model-config.ts";
import type { Mood } from "../world/model/model-config.ts";
import { sleep } from "../world/service.ts";
import type { Service } from "../world/service.ts";

/** What a strike works with. */
export interface StrikeContext {
  readonly world: ChaosWorld;
  readonly random: SeededRandom;
  /** Counts what the checker has to know. */
  readonly tally: { sandboxdKills: number; sprung: number };
}

/** Does something to the run; resolves when it is over, with what it was. Null: there was nothing to strike at. */
type Strike = (context: StrikeContext) => Promise<string | null>;

const CALMING_TRIES = 60;
const TRAP_WAITS_MS = 20_000;

/** Everything that is done to a run, with its share of all strikes. */
export const STRIKES = {
  "kill-worker": { weight: 3, strike: killing(({ world }) => world.workers) },
  "kill-grader": { weight: 2, strike: killing(({ world }) => world.graders) },
  "kill-controller": { weight: 1, strike: killing(({ world }) => [world.controller]) },
  "kill-server": { weight: 3, strike: killing(({ world }) => world.nats.map(({ service }) => service)) },
  "kill-model": { weight: 1, strike: killing(({ world }) => [world.model]) },
  "kill-supervisor": { weight: 1, strike: killSupervisor },
  "kill-node": { weight: 1, strike: killNode },
  "kill-sandboxd": { weight: 2, strike: killSandboxd },
  "pause-worker": { weight: 2, strike: pausing(({ world }) => world.workers) },
  "pause-grader": { weight: 1, strike: pausing(({ world }) => world.graders) },
  "pause-controller": { weight: 1, strike: pausing(({ world }) => [world.controller]) },
  "pause-server": { weight: 2, strike: pausing(({ world }) => world.nats.map(({ service }) => service)) },
  "pause-model": { weight: 1, strike: pausing(({ world }) => [world.model]) },
  cut: { weight: 3, strike: cut },
  "half-open": { weight: 2, strike: halfOpen },
  "slow-line": { weight: 1, strike: slowLine },
  "cut-at-point": { weight: 3, strike: trapping(() => undefined) },
  "kill-at-point": { weight: 3, strike: trapping(({ service }) => service.kill()) },
  "kill-server-at-point": {
    weight: 2,
    strike: trapping(({ world, random }) => pick(random, world.nats)?.service.kill()),
  },
  "full-stream": { weight: 1, strike: fullStream },
  "full-disk": { weight: 2, strike: fullDisk },
  "model-throttles": { weight: 1, strike: mood({ chat: "throttles" }, [1000, 3000]) },
  "model-fails": { weight: 1, strike: mood({ chat: "fails" }, [1000, 3000]) },
  "model-babbles": { weight: 1, strike: mood({ chat: "babbles" }, [1000, 3000]) },
  "model-hangs": { weight: 1, strike: mood({ chat: "hangs" }, [1000, 3000]) },
  "grader-slow": { weight: 1, strike: mood({ grade: "slow" }, [5000, 10_000]) },
  "grader-refuses": { weight: 1, strike: mood({ grade: "refuses" }, [5000, 20_000]) },
} as const satisfies Readonly<Record<string, { readonly weight: number; readonly strike: Strike }>>;

/** A key of {@link STRIKES}. */
export type StrikeName = keyof typeof STRIKES;

/** What clients send at the points where their next step depends on an answer. */
const POINTS = {
  worker: [
    "rollyard.events.",
    "rollyard.work.grade.",
    "rollyard.work.settle.",
    "$JS.ACK.",
    "rollyard.claims.",
  ],
  grader: ["rollyard.outcomes.", "$JS.ACK."],
  controller: ["rollyard.work.rollout.", "rollyard.outcomes.", "rollyard.leases."],
} as const;

/** Strikes of a run whose work is redelivered sooner are shorter too. */
function scaled(world: ChaosWorld, ms: number): number {
  return Math.round(ms * Math.min(1, world.plan.options.ackWaitMs / 20_000));
}

function pick<T>(random: SeededRandom, all: readonly T[]): T | undefined {
  return all[random.between(0, all.length - 1)];
}

function killing(targets: (context: StrikeContext) => readonly Service[]): Strike {
  return async (context) => {
    const target = pick(context.random, targets(context));
    target?.kill();
    return target?.name ?? null;
  };
}

function pausing(targets: (context: StrikeContext) => readonly Service[]): Strike {
  return async (context) => {
    const { random, world } = context;
    const target = pick(random, targets(context));
    if (target === undefined) return null;
    const { ackWaitMs } = world.plan.options;
    // Long enough, now and then, for others to take over what the sleeper still believes to hold.
    const isLong = random.chance(0.3);
    const ms = isLong ? Math.round(ackWaitMs * 1.25) : random.between(1000, Math.min(10_000, ackWaitMs / 2));
    await target.pause(ms);
    return `${target.name} for ${ms} ms`;
  };
}

async function killSupervisor({ world }: StrikeContext): Promise<string | null> {
  const found = processesBelow(world.controller.pid).find(({ argv }) => argv.includes("supervise"));
  if (found === undefined) return null;
  return signalled(found.pid) ? `pid ${found.pid}` : null;
}

/** A machine that goes with all that is on it: every sandbox, and a worker that drives some of them. */
async function killNode(context: StrikeContext): Promise<string | null> {
  const worker = pick(context.random, context.world.workers);
  const supervisor = await killSupervisor(context);
  if (worker === undefined || supervisor === null) return null;
  worker.kill();
  return `${worker.name} and ${supervisor}`;
}

async function killSandboxd({ world, random, tally }: StrikeContext): Promise<string | null> {
  const serving = processesBelow(world.controller.pid).filter(
    ({ argv }) => basename(argv[0] ?? "") === "sandboxd" && argv.includes("serve"),
  );
  const victims = Array.from({ length: random.between(1, 3) }, () => pick(random, serving));
  let killed = 0;
  for (const victim of victims) if (victim !== undefined && signalled(victim.pid)) killed += 1;
  tally.sandboxdKills += killed;
  return killed === 0 ? null : `${killed} of ${serving.length}`;
}

async function cut(context: StrikeContext): Promise<string | null> {
  const link = pick(context.random, context.world.links);
  link?.cut();
  return link?.name ?? null;
}

async function halfOpen({ world, random }: StrikeContext): Promise<string | null> {
  const link = pick(random, world.links);
  const ms = scaled(world, random.between(2000, 20_000));
  link?.silence(ms);
  await sleep(ms);
  return link === undefined ? null : `${link.name} for ${ms} ms`;
}

async function slowLine({ world, random }: StrikeContext): Promise<string | null> {
  const link = pick(random, world.links);
  const [delayMs, ms] = [random.between(50, 1500), random.between(3000, 10_000)];
  link?.slow(delayMs, ms);
  await sleep(ms);
  return link === undefined ? null : `${link.name} by ${delayMs} ms for ${ms} ms`;
}

interface Caught extends StrikeContext {
  readonly service: Service;
}

/** Waits for a process to send something that its next step depends on, then loses it, or its answer, and strikes. */
function trapping(act: (caught: Caught) => void): Strike {
  return async (context) => {
    const { world, random, tally } = context;
    const kind = pick(random, ["worker", "worker", "grader", "controller"] as const) ?? "worker";
    const services = { worker: world.workers, grader: world.graders, controller: [world.controller] }[kind];
    const service = pick(random, services);
    const point = pick(random, POINTS[kind]);
    if (service === undefined || point === undefined) return null;
    const moment = random.chance(0.5) ? "before" : "after";
    const sprung = Promise.withResolvers<boolean>();
    const links: readonly Link[] = world.linksOf(service.name);
    const spring = (): void => {
      for (const link of links) link.disarm();
      act({ ...context, service });
      tally.sprung += 1;
      sprung.resolve(true);
    };
    // With headers or without.
    for (const link of links)
      for (const verb of ["HPUB", "PUB"]) link.arm({ line: `${verb} ${point}`, moment, spring });
    const isSprung = await Promise.race([sprung.promise, sleep(TRAP_WAITS_MS).then(() => false)]);
    for (const link of links) link.disarm();
    return isSprung ? `${service.name} ${moment} ${point}` : null;
  };
}

/** No room in the stream of events for a while, as an operator's mistake or a full account would have it. */
async function fullStream({ world, random }: StrikeContext): Promise<string | null> {
  const had = await world.bus.resize("events", ({ bytes }) => Math.max(1, bytes));
  if (had === null) return null;
  const ms = random.between(2000, 6000);
  await sleep(ms);
  while ((await world.bus.resize("events", () => LOCAL_MAX_BYTES.events)) === null) await sleep(200);
  return `events for ${ms} ms`;
}

/** No room on a disk of the run for a while. A server whose disk was full is started again, as its operator does. */
async function fullDisk({ world, random }: StrikeContext): Promise<string | null> {
  const { disks = [], stores = [] } = world.plan;
  const disk = pick(random, disks);
  if (disk === undefined || disk.isFull) return null;
  const ms = random.between(1000, 6000);
  await disk.fill();
  await sleep(ms);
  await disk.free();
  const server = world.nats[stores.indexOf(disk.path)];
  server?.service.kill();
  return `${server?.name ?? "results"} for ${ms} ms`;
}

function mood(change: Partial<Mood>, [least, most]: readonly [number, number]): Strike {
  return async ({ world, random }) => {
    const ms = scaled(world, random.between(least, most));
    await world.setMood({ ...CALM, ...change });
    await sleep(ms);
    // One that is paused hears it later; it must not stay as it is.
    for (let tries = 0; tries < CALMING_TRIES && !(await world.setMood(CALM)); tries += 1) await sleep(500);
    return `for ${ms} ms`;
  };
}

function processesBelow(root: number): readonly { readonly pid: number; readonly argv: readonly string[] }[] {
  if (root === 0) return [];
  return pidsBelow(root).map((pid) => ({ pid, argv: argvOf(pid) }));
}

function argvOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function signalled(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

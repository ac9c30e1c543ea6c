import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { resolveTools } from "../../../src/environment/tool-definitions.ts";
import { toRollyardError } from "../../../src/errors/rollyard-error.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { SandboxLauncher } from "../../../src/sandbox/port.ts";
import { selectLauncher } from "../../../src/sandbox/select-launcher.ts";
import type { TraceTotals } from "../../../src/trace/trace-keeper.ts";
import { writeEnd } from "../../../src/trajectory/write-report.ts";
import type { CliIo } from "../cli-io.ts";
import { findPrograms } from "../find-programs.ts";
import { prepareGraderRuntime } from "../run/grader-runtime.ts";
import { givenOptions } from "../run/given-options.ts";
import type { GivenOption } from "../run/given-options.ts";
import { openRunFolder } from "../run/run-folder.ts";
import type { RunFolder } from "../run/run-folder.ts";
import type { RunFlags } from "../run/run-flags.ts";
import { startRunTelemetry } from "../run/start-run-telemetry.ts";
import { localServe } from "./local-serve.ts";
import { serveInput } from "./serve-input.ts";
import type { ServeInput } from "./serve-input.ts";
import { secretNotes } from "./secret-notes.ts";
import { stopOnSignals } from "../run/interrupt.ts";
import { unwritable } from "../run/unwritable.ts";

/** The flags of `rollyard serve`. */
export interface ServeFlags extends Pick<
  RunFlags,
  "file" | "out" | "secret" | "sandbox" | "json" | "verbose"
> {
  readonly port: number;
}

/** Serves a checked environment until it is told to stop, and resolves with the command's exit code. */
export async function serveEnvironment(
  given: EnvironmentInput,
  flags: ServeFlags,
  io: CliIo,
): Promise<number> {
  for (const sentence of secretNotes(given, flags.secret)) io.stderr(`note: ${sentence}\n`);
  const origin = { files: flags.file, cwd: io.cwd };
  const input = serveInput(given, origin, await given.readGraderAssets());
  const programs = await findPrograms(io.env);
  const { sandbox } = input.environment.spec;
  const launcher = await selectLauncher(flags.sandbox, { sandboxd: programs.sandboxd, spec: sandbox });
  try {
    const graderRuntime = await prepareGraderRuntime(input, launcher, io);
    const options = {
      out: flags.out,
      cwd: io.cwd,
      nowMs: systemClock.nowMs(),
      options: serveOptions(flags, io.cwd),
    };
    const folder = await openRunFolder(input, options);
    try {
      for (const sentence of launcher.notEnforced) io.stderr(`note: ${sentence}\n`);
      const { natsServer } = programs;
      return await serveInFolder({ input, flags, io, folder, launcher, natsServer, graderRuntime });
    } finally {
      await folder.close();
    }
  } finally {
    await launcher.close();
  }
}

/** Without them the folder can't be served again as it was. */
function serveOptions({ port, sandbox, secret }: ServeFlags, cwd: string): readonly GivenOption[] {
  const ofPort = port === 0 ? [] : [{ flag: "--port", value: String(port), file: null }];
  return [...ofPort, ...givenOptions({ sandbox, secret }, cwd)];
}

interface Serving {
  readonly input: ServeInput;
  readonly flags: ServeFlags;
  readonly io: CliIo;
  readonly folder: RunFolder;
  readonly launcher: SandboxLauncher;
  readonly natsServer: string;
  readonly graderRuntime: Parameters<typeof localServe>[0]["graderRuntime"];
}

async function serveInFolder(serving: Serving): Promise<number> {
  const { input, flags, io, folder } = serving;
  const startedMs = systemClock.monotonicMs();
  const telemetry = await startRunTelemetry(input, folder, { isVerbose: flags.verbose });
  const stopped = stopOnSignals();
  try {
    const counts = await localServe({
      ...serving,
      port: flags.port,
      clock: systemClock,
      telemetry,
      stop: stopped.signal,
      onListening: ({ port }) => announce(serving, { port, metricsPort: telemetry.port }),
    });
    const seconds = folder.state.earlierSeconds + (systemClock.monotonicMs() - startedMs) / 1000;
    await conclude(serving, counts, seconds);
    return 0;
  } catch (thrown) {
    const { code, message } = unwritable(folder.path, thrown) ?? toRollyardError(thrown);
    const cause = code === "internal" && thrown instanceof Error ? `\n${thrown.stack ?? ""}` : "";
    // It never listened: another flag mends it.
    if (code === "bad_input") {
      io.stderr(`rollyard: ${message}\n`);
      return 2;
    }
    io.stderr(`rollyard: ${message}${cause}\nwhat was recorded is in ${folder.path}\n`);
    return 1;
  } finally {
    stopped.stop();
    await telemetry.close();
  }
}

function announce(
  { input, flags, io, folder }: Serving,
  { port, metricsPort }: { readonly port: number; readonly metricsPort: number },
): void {
  const { name, namespace = "default" } = input.environment.metadata;
  const base = `http://127.0.0.1:${port}/v1/environments/${namespace}/${name}`;
  const tools = resolveTools(input.environment.spec).map((tool) => ({
    name: tool.name,
    server_url: `${base}/tools/${tool.name}`,
  }));
  const [key = ""] = input.keys;
  const headers = { Authorization: `Bearer ${key}` };
  const grader = { url: `${base}/grade` };
  io.stderr(
    `serving ${name}; metrics at http://127.0.0.1:${metricsPort}/metrics\nrecords in ${folder.path}\n`,
  );
  if (flags.json) return io.stdout(`${JSON.stringify({ headers, tools, grader, folder: folder.path })}\n`);
  const lines = tools.map((tool) => `tool ${tool.name}: ${tool.server_url}`);
  io.stdout(
    [`header Authorization: ${headers.Authorization}`, ...lines, `grader: ${grader.url}`, ""].join("\n"),
  );
}

async function conclude({ folder, flags, io }: Serving, counts: TraceTotals, seconds: number): Promise<void> {
  const stopped = { why: "interrupted", message: "It was stopped." } as const;
  await folder.save({ ...folder.state, earlierSeconds: seconds, stopped });
  const { live, graded, failed, undelivered } = counts;
  io.stderr(
    `stopped: ${graded} traces graded, ${failed} failed, ${live} not ended; records in ${folder.path}\n`,
  );
  if (graded + failed === 0) return;
  const message = `${graded} traces graded, ${failed} failed, ${live} not ended when it was stopped.`;
  const end = { condition: "Complete", reason: "Stopped", message } as const;
  const { text } = await writeEnd(
    { folder: folder.path, command: io.command },
    { end, conditions: [], seconds, undelivered },
  );
  if (!flags.json) io.stdout(text);
}

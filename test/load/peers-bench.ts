import { ClusterWorld } from "../chaos/cluster/cluster-world.ts";
import { Closers } from "./bench/closers.ts";
import { thisMachine } from "./bench/machine.ts";
import { makeNodes } from "./cluster/bare-pods.ts";
import { compiledController } from "./cluster/compiled-controller.ts";
import type { ControllerProgram } from "./cluster/compiled-controller.ts";
import { describePlane } from "./peers/describe-plane.ts";
import { makeContender } from "./peers/make-contender.ts";
import { measureContender } from "./peers/measure-contender.ts";
import type { PeerFigures, PeersRun } from "./peers/peer-figures.ts";
import { peerReport } from "./peers/peer-report.ts";
import { readPeersOptions, USAGE } from "./peers/peers-options.ts";
import type { PeersOptions } from "./peers/peers-options.ts";

// `npm run bench:peers`: bare pods, an Indexed Job, agent-sandbox and Rollyard one after the other on one control plane.
// Figures only; docs/benchmarks.md says what they mean.

const LIMIT_MINUTES = 30;
const closers = new Closers();
/** Why it was ended from outside: at most one. */
const ends: { readonly code: number; readonly reason: string }[] = [];

function endBy(code: number, reason: string): void {
  if (ends.length === 0) ends.push({ code, reason });
  void closers.interrupt();
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const options = readPeersOptions(args);
  if (typeof options === "string") {
    process.stderr.write(`bench:peers: ${options}\n\n${USAGE}`);
    return 2;
  }
  const limit = setTimeout(
    () => endBy(1, `not done within ${LIMIT_MINUTES} minutes`),
    LIMIT_MINUTES * 60_000,
  );
  try {
    const run = await measureAll(options);
    process.stdout.write(options.isJson ? `${JSON.stringify(run, null, 2)}\n` : peerReport(run));
    return 0;
  } finally {
    clearTimeout(limit);
    await closers.closeAll();
  }
}

async function measureAll({ units, contenders, lateMs, isCompiled }: PeersOptions): Promise<PeersRun> {
  const machine = thisMachine();
  const controller: ControllerProgram = isCompiled ? compiledController(null) : {};
  const world = await ClusterWorld.start({
    ...controller,
    controllers: 1,
    workers: 0,
    graders: 0,
    hasLocalNode: false,
    isDirect: true,
  });
  closers.add(() => world.stop());
  // A pool fills up again while its units are held.
  await makeNodes(world.whole.client, 2 * units);
  const commands = [...(await describePlane(world))];
  const figures: PeerFigures[] = [];
  for (const name of contenders) {
    process.stderr.write(`• ${name} …\n`);
    const contender = makeContender(name, { world, closers, units, controller });
    figures.push(await measureContender(world, closers, { name, contender, units, lateMs }));
    if (contender.command !== null) commands.push(`${name}: ${contender.command}`);
  }
  return { machine, commands, figures };
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.on(signal, () => endBy(code, signal));
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What an interrupt tears down fails, which says nothing.
  const message = error instanceof Error ? error.message : "failed";
  process.stderr.write(`bench:peers: ${ends[0]?.reason ?? message}\n`);
  process.exitCode = ends[0]?.code ?? 1;
}

import { ClusterWorld } from "../chaos/cluster/cluster-world.ts";
import { Closers } from "./bench/closers.ts";
import { thisMachine } from "./bench/machine.ts";
import { makeNodes } from "./cluster/bare-pods.ts";
import { compiledController } from "./cluster/compiled-controller.ts";
import type { ControllerProgram } from "./cluster/compiled-controller.ts";
import { BarePodsContender } from "./peers/bare-pods-contender.ts";
import { describePlane } from "./peers/describe-plane.ts";
import { makeContender } from "./peers/make-contender.ts";
import { measureContender } from "./peers/measure-contender.ts";
import type { PeerFigures, PeersRun } from "./peers/peer-figures.ts";
import { peerReport, summaryLine } from "./peers/peer-report.ts";
import { readPeersOptions, USAGE } from "./peers/peers-options.ts";
import type { PeersOptions } from "./peers/peers-options.ts";

// `npm run bench:peers`: bare pods, an Indexed Job, agent-sandbox and Rollyard one after the other on one control plane.
// Figures only; docs/benchmarks.md says what they mean.

const LIMIT_MINUTES = 30;
const WARM_UP_PODS = 100;
const closers = new Closers();
/** Prints what has been measured so far. */
let printRun = (): void => undefined;
let isEnding = false;

/** Prints what there is, ends what runs, under the feet of whoever waits for it, and then us. */
function endBy(code: number, reason: string): void {
  isEnding = true;
  process.stderr.write(`bench:peers: ${reason}\n`);
  printRun();
  void closers.interrupt().finally(() => process.exit(code));
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
    await measureAll(options);
    return 0;
  } finally {
    clearTimeout(limit);
    if (!isEnding) printRun();
    await closers.closeAll();
  }
}

async function measureAll({ units, contenders, lateMs, isCompiled, isJson }: PeersOptions): Promise<void> {
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
  printRun = (): void => {
    const run: PeersRun = { machine, commands, figures };
    process.stdout.write(isJson ? `${JSON.stringify(run, null, 2)}\n` : peerReport(run));
  };
  await warmUp(world, units);
  for (const name of contenders) {
    process.stderr.write(`• ${name} …\n`);
    const contender = makeContender(name, { world, closers, units, controller });
    const measured = await measureContender(world, closers, { name, contender, units, lateMs });
    process.stderr.write(`  ${summaryLine(measured)}\n`);
    figures.push(measured);
    if (contender.command !== null) commands.push(`${name}: ${contender.command}`);
  }
}

/** The first pods of a control plane cost it more than all that come later: nobody's are those. */
async function warmUp(world: ClusterWorld, units: number): Promise<void> {
  const few = Math.min(units, WARM_UP_PODS);
  const contender = new BarePodsContender(world.whole.client, few);
  await measureContender(world, closers, { name: "bare", contender, units: few, lateMs: 0 });
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
  if (!isEnding) process.stderr.write(`bench:peers: ${error instanceof Error ? error.message : "failed"}\n`);
  process.exitCode = 1;
}

import { parseArgs } from "node:util";
import { Closers } from "./bench/closers.ts";
import { thisMachine } from "./bench/machine.ts";
import type { Machine } from "./bench/machine.ts";
import { ClaimBench, measureWrites, WARM_SECONDS } from "./cluster/measure.ts";
import type {
  BurstFigures,
  ClusterLoad,
  LiveFigures,
  PathFigures,
  WarmFigures,
  WriteFigures,
} from "./cluster/measure.ts";
import { benchTable } from "./cluster/table.ts";

// `npm run bench:cluster`: the controller on a real control plane: writes, bursts, warm claims, memory. Figures only;
// docs/benchmarks.md says what they mean.

const USAGE = `Usage: npm run bench:cluster -- [options]

  --rollouts N     of the job whose writes are counted (200)
  --burst N        claims at once, and the warm pool (1000)
  --live N         sandboxes that live while the controller's memory is read (10000)
  --rate N         warm claims a second (300)
  --minutes N      after which it gives up (90)
  --only PART      writes, path, burst, lag, warm or live; may be given more than once (all)
  --profile DIR    where the controllers write CPU profiles of their whole lives (none)
  --json           figures as JSON

Example: npm run bench:cluster -- --only burst --burst 200
`;

const PARTS = ["writes", "path", "burst", "lag", "warm", "live"] as const;
type PartName = (typeof PARTS)[number];
const LAG_MS = 500;
/** How many times a pool's pods there may be: those that are claimed are replaced, and more are claimed then. */
const POOLS = 5;

/** Everything that was measured. */
export interface ClusterFigures {
  readonly machine: Machine;
  readonly writes?: WriteFigures;
  readonly path: PathFigures | null;
  readonly bursts: readonly BurstFigures[];
  readonly warm: readonly WarmFigures[];
  readonly live: readonly LiveFigures[];
}

const closers = new Closers();
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.on(signal, () => void closers.interrupt().finally(() => process.exit(code)));
}

async function main(): Promise<void> {
  const { load, parts, minutes, isJson } = readOptions();
  setTimeout(() => void giveUp(minutes), minutes * 60_000).unref();
  const machine = thisMachine();
  try {
    const figures: ClusterFigures = {
      machine,
      ...(parts.includes("writes")
        ? { writes: await say("writes", () => measureWrites(load, closers)) }
        : {}),
      ...(await measureClaims(load, parts)),
    };
    process.stdout.write(isJson ? `${JSON.stringify(figures, null, 2)}\n` : benchTable(figures));
  } finally {
    await closers.closeAll();
  }
}

async function giveUp(minutes: number): Promise<void> {
  process.stderr.write(`bench:cluster: given up after ${minutes} minutes\n`);
  await closers.interrupt();
  process.exit(1);
}

async function measureClaims(
  load: ClusterLoad,
  parts: readonly PartName[],
): Promise<Pick<ClusterFigures, "path" | "bursts" | "warm" | "live">> {
  const bursts: BurstFigures[] = [];
  const pools: { readonly live: LiveFigures; readonly warm: readonly WarmFigures[] }[] = [];
  const { burst, claimsPerSecond: perSecond, profile } = load;
  let path: PathFigures | null = null;
  if (parts.includes("lag")) {
    const bench = await ClaimBench.start({ pods: burst, hasProxy: true, profile }, closers);
    bursts.push(await say("lag", () => bench.burst(burst, LAG_MS)));
    await bench.stop();
  }
  if (parts.some((part) => ["path", "burst", "warm"].includes(part))) {
    const bench = await ClaimBench.start({ pods: POOLS * burst, hasProxy: false, profile }, closers);
    if (parts.includes("burst")) bursts.unshift(await say("burst", () => bench.burst(burst, 0)));
    if (parts.includes("path")) path = await say("path", () => bench.path(burst, perSecond));
    if (parts.includes("warm"))
      pools.push(await say("warm", () => bench.warm(burst, { claims: burst, perSecond, keepsUp: true })));
    await bench.stop();
  }
  // A controller of its own, or there would be more sandboxes than those, and what bursts left of memory.
  if (parts.includes("live")) {
    const claims = perSecond * WARM_SECONDS;
    const bench = await ClaimBench.start({ pods: load.live + burst, hasProxy: false, profile }, closers);
    pools.push(await say("live", () => bench.warm(load.live, { claims, perSecond, keepsUp: false })));
    await bench.stop();
  }
  return { path, bursts, warm: pools.flatMap(({ warm }) => warm), live: pools.map(({ live }) => live) };
}

async function say<T>(part: PartName, measure: () => Promise<T>): Promise<T> {
  process.stderr.write(`• ${part} …\n`);
  return measure();
}

function readOptions(): {
  readonly load: ClusterLoad;
  readonly parts: readonly PartName[];
  readonly minutes: number;
  readonly isJson: boolean;
} {
  const option = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      rollouts: option,
      burst: option,
      live: option,
      rate: option,
      minutes: option,
      profile: option,
      only: { type: "string", multiple: true },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const only = values.only ?? PARTS;
  return {
    load: {
      rollouts: Number(values.rollouts ?? 200),
      burst: Number(values.burst ?? 1000),
      live: Number(values.live ?? 10_000),
      claimsPerSecond: Number(values.rate ?? 300),
      profile: values.profile ?? null,
    },
    parts: PARTS.filter((part) => only.includes(part)),
    minutes: Number(values.minutes ?? 90),
    isJson: values.json === true,
  };
}

await main();

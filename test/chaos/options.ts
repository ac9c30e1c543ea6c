import { parseArgs } from "node:util";
import { z } from "zod";
import { CLUSTER_FAULTS } from "./cluster/faults.ts";
import type { ClusterFaultName } from "./cluster/faults.ts";
import { STRIKES } from "./nemesis/strikes.ts";
import type { StrikeName } from "./nemesis/strikes.ts";
import { SANDBOX_KINDS } from "./world/job.ts";
import type { SandboxKind } from "./world/job.ts";

/** What can be run. */
export const SCENARIOS = ["storm", "waste", "power-cut", "full-disk", "long", "cluster"] as const;

/** One of {@link SCENARIOS}. */
export type ScenarioName = (typeof SCENARIOS)[number];

/** What a run is told. */
export interface ChaosOptions {
  readonly scenario: ScenarioName;
  readonly rollouts: number;
  readonly samples: number;
  readonly seed: number;
  readonly servers: 1 | 3;
  readonly workers: number;
  readonly graders: number;
  readonly parallelism: number;
  readonly sandboxes: SandboxKind;
  /** Percent of first attempts that infrastructure fails, beside what strikes do. */
  readonly faults: number;
  readonly strikes: readonly StrikeName[];
  /** What happens to a cluster, a job each. */
  readonly clusterFaults: readonly ClusterFaultName[];
  /** Strikes at most. */
  readonly most: number;
  /** Mean time between two strikes. */
  readonly everyMs: number;
  /** Outcomes from one strike to the next, whatever time they take; null to go by time. */
  readonly outcomesApart: number | null;
  readonly ackWaitMs: number;
  readonly latencyMs: number;
  readonly recovery: "restart" | "replay";
  /** Bound of each Node process's old heap, and of nats-server's (soft); null for their own. */
  readonly heapMib: number | null;
  /** Bound of each half of a Node process's young heap; null for Node's own. */
  readonly youngMib: number | null;
  readonly isKept: boolean;
  readonly isJson: boolean;
}

/** How it is called. */
export const USAGE = `Usage: npm run chaos -- [${SCENARIOS.join("|")}] [options]

Runs a job on real processes (nats-server, planner and broker, workers, graders, sandboxes, a simulated model), does to
them what can be done to processes, lines, disks and endpoints, then reads what they left and prints what was lost,
duplicated or invented. Exit code 1 when anything was.

  storm       does all of it (the default)
  waste       lost members of groups of 8: what is run in vain, beside what dropping whole groups would waste
  power-cut   cuts the power of every server at once (stores on disks of their own; needs root): what is lost
  full-disk   fills the disks of the servers, then that of the results, while the job runs (small disks; needs root)
  long        20,000 rollouts: what memory and streams do, how soon a full stop is over, how long a planner reads its past
  cluster     jobs on a real control plane (etcd, kube-apiserver, scheduler, sandboxes as pods), a fault in the middle of each

  --rollouts N         (10000 in a storm)
  --samples N          rollouts of an item (4; waste: 8)
  --seed N             of the strikes and of the model (1)
  --servers 1|3        one nats-server that syncs every second, or a cluster of three that syncs always (1)
  --workers N          (4)
  --graders N          (2)
  --parallelism N      rollouts, and sandboxes, at once (200)
  --sandboxes KIND     ${SANDBOX_KINDS.join(", ")} (bubblewrap; elsewhere than in storms none)
  --faults PERCENT     of attempts that infrastructure fails, beside what strikes do (5)
  --strikes A,B        only these; "none" for none (all; full-disk: a few)
  --cluster-faults A,B only these (all)
  --most N             strikes in all (no limit, until 95 % of the job are done)
  --every SECONDS      mean time between two strikes (6)
  --apart OUTCOMES     instead of by time: outcomes from one strike to the next, so that as many strike on a fast machine
  --ack-wait SECONDS   after which work of a silent process goes to another (60)
  --latency-ms N       of the model (150)
  --heap-mib N         bound of each Node process's old heap, and GOMEMLIMIT of nats-server (none; long: 64)
  --young-mib N        bound of each half of its young heap (none; long: 8)
  --recovery MODE      restart, replay (restart)
  --keep               keeps the folder of the run, and says where it is
  --json               the result as JSON

Strikes: ${Object.keys(STRIKES).join(", ")}
Faults of a cluster: ${Object.keys(CLUSTER_FAULTS).join(", ")}

Examples:
  npm run chaos                                             # 10,000 rollouts, one server
  npm run chaos -- --servers 3 --seed 7
  npm run chaos -- power-cut
  npm run chaos -- full-disk --servers 3
  npm run chaos -- cluster --cluster-faults node-deleted,leader-stopped
  npm run chaos -- --rollouts 500 --strikes kill-worker,cut --every 2
`;

/** What differs by scenario where nothing else is asked for. */
type ByScenario = "rollouts" | "samples" | "sandboxes" | "latencyMs" | "heapMib" | "youngMib" | "strikes";

const count = z.coerce.number().int().min(1);
const names = Object.keys(STRIKES) as [StrikeName, ...StrikeName[]];
const clusterNames = Object.keys(CLUSTER_FAULTS) as [ClusterFaultName, ...ClusterFaultName[]];
/** Where a disk fills up: few others, so that it does often. */
const BESIDE_FULL_DISKS: readonly StrikeName[] = [
  "full-disk",
  "kill-worker",
  "kill-controller",
  "kill-server",
  "cut",
];
const PLAIN = { samples: 4, sandboxes: "none", heapMib: null, youngMib: null, strikes: names } as const;

const DEFAULTS: Readonly<Record<ScenarioName, Pick<ChaosOptions, ByScenario>>> = {
  storm: { ...PLAIN, rollouts: 10_000, sandboxes: "bubblewrap", latencyMs: 150 },
  "power-cut": { ...PLAIN, rollouts: 3000, latencyMs: 100 },
  "full-disk": { ...PLAIN, rollouts: 4000, latencyMs: 100, strikes: BESIDE_FULL_DISKS },
  // Node takes memory as long as there is any: what is flat shows only under a bound.
  long: { ...PLAIN, rollouts: 20_000, latencyMs: 50, heapMib: 64, youngMib: 8 },
  waste: { ...PLAIN, rollouts: 4000, samples: 8, latencyMs: 20 },
  cluster: { ...PLAIN, rollouts: 200, samples: 1, sandboxes: "process", latencyMs: 400 },
};

const flagsSchema = z.object({
  rollouts: count.optional(),
  samples: count.optional(),
  seed: z.coerce.number().int().min(0).default(1),
  servers: z.enum(["1", "3"]).default("1"),
  workers: count.default(4),
  graders: count.default(2),
  parallelism: count.default(200),
  sandboxes: z.enum(SANDBOX_KINDS).optional(),
  faults: z.coerce.number().min(0).max(50).default(5),
  strikes: z
    .string()
    .transform((text) => (text === "none" ? [] : text.split(",")))
    .pipe(z.array(z.enum(names)))
    .optional(),
  "cluster-faults": z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(clusterNames)))
    .default(clusterNames),
  most: z.coerce.number().int().min(0).default(Number.MAX_SAFE_INTEGER),
  every: z.coerce.number().positive().default(6),
  apart: count.optional(),
  "ack-wait": z.coerce.number().positive().default(60),
  "latency-ms": z.coerce.number().min(0).optional(),
  "heap-mib": count.optional(),
  "young-mib": count.optional(),
  recovery: z.enum(["restart", "replay"]).default("restart"),
  keep: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** Reads the command line; the text says what is wrong with it instead. */
export function readOptions(args: readonly string[]): ChaosOptions | string {
  const parsed = parseFlags(args);
  if (typeof parsed === "string") return parsed;
  const { positionals, values } = parsed;
  const [scenario = "storm"] = positionals;
  if (!isScenario(scenario) || positionals.length > 1) return `"${positionals.join(" ")}" is no scenario`;
  return optionsOf(scenario, values);
}

function optionsOf(scenario: ScenarioName, values: Parsed["values"]): ChaosOptions | string {
  const flags = flagsSchema.safeParse(values);
  if (!flags.success) {
    const [issue] = flags.error.issues;
    return `--${issue?.path[0]?.toString() ?? ""}: ${issue?.message ?? "unreadable"}`;
  }
  const { every, apart, keep, json, servers, "ack-wait": ackWait, ...rest } = flags.data;
  const { rollouts, samples, sandboxes, strikes, ...always } = rest;
  const {
    "latency-ms": latencyMs,
    "heap-mib": heapMib,
    "young-mib": youngMib,
    "cluster-faults": clusterFaults,
    ...plain
  } = always;
  return {
    ...DEFAULTS[scenario],
    ...given({ rollouts, samples, sandboxes, strikes, latencyMs, heapMib, youngMib }),
    ...plain,
    scenario,
    clusterFaults,
    servers: servers === "1" ? 1 : 3,
    everyMs: every * 1000,
    outcomesApart: apart ?? null,
    ackWaitMs: ackWait * 1000,
    isKept: keep,
    isJson: json,
  };
}

/** What was not asked for is left out, so that it hides no default. */
function given(asked: {
  readonly [K in ByScenario]: ChaosOptions[K] | undefined;
}): Partial<Pick<ChaosOptions, ByScenario>> {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

function isScenario(name: string): name is ScenarioName {
  return (SCENARIOS as readonly string[]).includes(name);
}

interface Parsed {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

function parseFlags(args: readonly string[]): Parsed | string {
  const options = Object.fromEntries(
    Object.keys(flagsSchema.shape).map((name) => [
      name,
      { type: name === "keep" || name === "json" ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  try {
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { positionals, values: { ...values } };
  } catch (error) {
    return error instanceof Error ? error.message : "unreadable";
  }
}

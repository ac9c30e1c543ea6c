import { parseArgs } from "node:util";
import { z } from "zod";
import type { SandboxRates } from "./bench-job.ts";
import { SCENARIOS } from "./load.ts";
import type { Load, Scenario } from "./load.ts";

/** What `npm run bench` is told. */
export interface BenchOptions {
  readonly load: Load;
  readonly scenarios: readonly Scenario[];
  /** Each scenario so often, in turn, so that a noisy minute hits all of them. */
  readonly repeat: number;
  readonly rates: SandboxRates;
  readonly isJson: boolean;
  readonly profileFolder: string | null;
}

/** How it is called. */
export const USAGE = `Usage: npm run bench -- [options]

  --rollouts N         of each scenario (2000)
  --parallelism N      rollouts at once (500)
  --turns N            of each rollout; a model call and a tool call each (5)
  --latency-ms N       of the mock model (100)
  --only NAME[,NAME]   of bare, process, sandbox
  --repeat N           runs of each, in turn; the table shows medians (1)
  --max-starting N     sandboxes that start at once (16)
  --starts-per-second N  sandboxes started a second at most (1000)
  --profile DIR        writes CPU profiles of the worker; its figures are worse then
  --json               every run as JSON instead of the table

Example: npm run bench -- --rollouts 500 --only bare,process --repeat 3
`;

const count = z.coerce.number().int().min(1);

const flagsSchema = z.object({
  rollouts: count.default(2000),
  parallelism: count.default(500),
  turns: count.default(5),
  "latency-ms": z.coerce.number().min(0).default(100),
  only: z
    .string()
    .default(SCENARIOS.join(","))
    .transform((names) => names.split(","))
    .pipe(z.array(z.enum(SCENARIOS))),
  repeat: count.default(1),
  "max-starting": count.default(16),
  "starts-per-second": count.default(1000),
  profile: z.string().min(1).optional(),
  json: z.boolean().default(false),
});

/** Reads the flags; the text says what is wrong with them instead. */
export function readOptions(args: readonly string[]): BenchOptions | string {
  const flags = parseFlags(args);
  if (typeof flags === "string") return flags;
  const parsed = flagsSchema.safeParse(flags);
  if (!parsed.success)
    return `--${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`;
  const { rollouts, parallelism, turns, only, repeat, profile, json } = parsed.data;
  return {
    load: { rollouts, parallelism, turns, modelLatencyMs: parsed.data["latency-ms"] },
    scenarios: SCENARIOS.filter((scenario) => only.includes(scenario)),
    repeat,
    rates: {
      maxStarting: parsed.data["max-starting"],
      startsPerSecond: parsed.data["starts-per-second"],
    },
    isJson: json,
    profileFolder: profile ?? null,
  };
}

function parseFlags(args: readonly string[]): Record<string, string | boolean | undefined> | string {
  const text = { type: "string" } as const;
  try {
    const names = Object.keys(flagsSchema.shape).filter((name) => name !== "json");
    const options = {
      ...Object.fromEntries(names.map((name) => [name, text])),
      json: { type: "boolean" },
    } as const;
    return { ...parseArgs({ args: [...args], options }).values };
  } catch (error) {
    return error instanceof Error ? error.message : "unreadable";
  }
}

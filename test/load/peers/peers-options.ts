import { parseArgs } from "node:util";
import { z } from "zod";
import { CONTENDER_NAMES } from "./contender-names.ts";
import type { ContenderName } from "./contender-names.ts";

/** What `npm run bench:peers` is told. */
export interface PeersOptions {
  /** Sandboxes that each contender gets, and gives back. */
  readonly units: number;
  readonly contenders: readonly ContenderName[];
  /** How long is waited for events that come late: what is written then belongs to what was before it. */
  readonly lateMs: number;
  /** Whether Rollyard's controller is the compiled one with bounds for V8, or runs from its sources. */
  readonly isCompiled: boolean;
  readonly isJson: boolean;
}

/** How it is called. */
export const USAGE = `Usage: npm run bench:peers -- [options]

Runs the same load one after the other on one control plane whose nodes kwok plays: gets so many sandboxes at once, waits until
all are ready, gives them back.

  --units N            sandboxes at once, and the size of the warm pools (500)
  --only NAME[,NAME]   of ${CONTENDER_NAMES.slice(0, 4).join(", ")},
                       ${CONTENDER_NAMES.slice(4).join(", ")} (all)
  --late-ms N          wait for events that come late, before counters are read (5000)
  --sources            run Rollyard's controller from its sources, not compiled and with bounds for V8
  --json               every figure as JSON instead of the tables

The first run builds agent-sandbox's controller from its released module, which takes a few minutes.

Example: npm run bench:peers -- --units 100 --only job,rollyard
`;

const flagsSchema = z.object({
  units: z.coerce.number().int().min(1).max(5000).default(500),
  only: z
    .string()
    .default(CONTENDER_NAMES.join(","))
    .transform((names) => names.split(","))
    .pipe(z.array(z.enum(CONTENDER_NAMES))),
  "late-ms": z.coerce.number().int().min(0).max(60_000).default(5000),
  sources: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** Reads the flags; the text says what is wrong with them instead. */
export function readPeersOptions(args: readonly string[]): PeersOptions | string {
  try {
    const options = {
      units: { type: "string" },
      only: { type: "string" },
      "late-ms": { type: "string" },
      sources: { type: "boolean" },
      json: { type: "boolean" },
    } as const;
    const parsed = flagsSchema.safeParse({ ...parseArgs({ args: [...args], options }).values });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return `--${String(issue?.path[0] ?? "")}: ${issue?.message ?? "unreadable"}`;
    }
    const { units, only, "late-ms": lateMs, sources, json } = parsed.data;
    const contenders = CONTENDER_NAMES.filter((name) => only.includes(name));
    return { units, contenders, lateMs, isCompiled: !sources, isJson: json };
  } catch (error) {
    return error instanceof Error ? error.message : "unreadable";
  }
}

/** Who is measured, in the order in which they run. The cold ones start every unit anew, the warm ones have a pool. */
export const CONTENDER_NAMES = [
  "bare",
  "job",
  "agent-sandbox",
  "agent-sandbox-warm",
  "agent-sandbox-tuned",
  "rollyard",
  "rollyard-warm",
] as const;

/** One of them. */
export type ContenderName = (typeof CONTENDER_NAMES)[number];

/** Heads of the tables' columns. */
export const TITLES: Readonly<Record<ContenderName, string>> = {
  bare: "bare pods",
  job: "Indexed Job",
  "agent-sandbox": "agent-sandbox",
  "agent-sandbox-warm": "agent-sandbox",
  "agent-sandbox-tuned": "agent-sandbox, its flags for high scale",
  rollyard: "Rollyard",
  "rollyard-warm": "Rollyard",
};

/** Whether it claims from a pool that is full. */
export function isWarm(name: ContenderName): boolean {
  return name === "agent-sandbox-warm" || name === "agent-sandbox-tuned" || name === "rollyard-warm";
}

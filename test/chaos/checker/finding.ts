/** What a run must have none of, in the order of the table. */
export const FINDING_KINDS = [
  "lost",
  "duplicated",
  "invented",
  "re-sampled turns",
  "tools run twice",
  "leaked sandboxes",
  "leaked processes",
  "damaged logs",
  "unexplained failures",
  "failures of our own",
] as const;

/** One of {@link FINDING_KINDS}. */
export type FindingKind = (typeof FINDING_KINDS)[number];

/** One thing that is wrong, and where. */
export interface Finding {
  readonly kind: FindingKind;
  readonly what: string;
}

/** One thing that explains how a job stands. */
export interface Finding {
  /** Stable name of what was found. */
  readonly code: string;
  /** Whether somebody has to do something. */
  readonly isProblem: boolean;
  /** What was seen, in sentences. */
  readonly text: string;
  /** What to do; null when nothing is to be done. */
  readonly action: string | null;
}

/** Something that is as it should be, or mends itself. */
export function fine(code: string, text: string): Finding {
  return { code, isProblem: false, text, action: null };
}

/** Something that needs a hand. */
export function problem(code: string, text: string, action: string): Finding {
  return { code, isProblem: true, text, action };
}

import type { Found } from "./follow-job.ts";
import type { StreamEnd, WaitLine } from "./result-lines.ts";

/** The line that says what a reader of a job finds where there is no message. */
export function lastLine(found: Exclude<Found, { readonly kind: "messages" }>): StreamEnd | WaitLine {
  switch (found.kind) {
    case "waiting":
      return { type: "wait" };
    case "gone":
      return { type: "gone" };
    case "draining":
      return { type: "reconnect" };
    case "end": {
      const { endedAtMs = null, end = null } = found.record ?? {};
      return endedAtMs === null || end === null
        ? { type: "end", ended: false }
        : { type: "end", ended: true, ...end };
    }
    default:
      return found satisfies never;
  }
}

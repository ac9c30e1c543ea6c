import type { Logger } from "../lib/logger.ts";
import type { GraderWait } from "./port.ts";

/**
 * Says in the log when gradings begin to wait for something that can't be had, and when none waits for it any more:
 * once for each grader type and reason, however many wait and however often they ask.
 */
export class GraderWaits {
  readonly #logger: Logger;
  readonly #waiting = new Map<string, Set<object>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** A grading waits; `grading` stands for it until {@link over}. */
  begin(grading: object, { graderType, code }: Pick<GraderWait, "graderType" | "code">): void {
    const key = `${graderType} ${code}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return void waiting.add(grading);
    this.#waiting.set(key, new Set([grading]));
    this.#logger.warn("graders wait", { grader: graderType, code });
  }

  /** The grading has ended, whether it ever waited or not. */
  over(grading: object): void {
    for (const [key, waiting] of this.#waiting) {
      if (!waiting.delete(grading) || waiting.size > 0) continue;
      this.#waiting.delete(key);
      const [grader, code] = key.split(" ");
      this.#logger.info("graders wait no more", { grader, code });
    }
  }
}

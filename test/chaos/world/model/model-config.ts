import type { BehaviourSpec } from "../behaviour.ts";

/** What the simulated model process is told. */
export interface ModelConfig {
  readonly port: number;
  readonly behaviour: BehaviourSpec;
  /** How long a completion takes; each draws between half and one and a half of it. */
  readonly latencyMs: number;
  /** Percent of requests that are answered with trouble which the next try overcomes. */
  readonly troublePercent: number;
  readonly logFile: string;
  /** Where the remote tool notes each call that it ran. */
  readonly toolFile: string;
}

/** How the process behaves for a while, told by `POST /mood`. */
export interface Mood {
  /** 429 with a time to come back, or 500, or garbage with status 200, or no answer at all. */
  readonly chat: "calm" | "throttles" | "fails" | "babbles" | "hangs";
  /** Slow: seconds for one score. Refuses: 503. */
  readonly grade: "calm" | "slow" | "refuses";
}

/** Nothing special. */
export const CALM: Mood = { chat: "calm", grade: "calm" };

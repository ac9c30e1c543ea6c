/** The parts of the product that run as processes of their own. */
export type Part = "worker" | "grader" | "controller" | "gateway";

/** A place in a process's life: its `call`-th call to the outside (bus, clock, model, sandbox). */
export interface CallPlace {
  readonly part: Part;
  /** 1 = the first of its part that was started; replacements count on. */
  readonly number: number;
  readonly call: number;
}

/** One thing that goes wrong. Counts begin at 1, times at the start of the job. */
export type Fault =
  /** The process is gone at this call, before the call has its effect, or after it and before the answer is seen. */
  | (CallPlace & { readonly kind: "crash"; readonly side: "before" | "after"; readonly downMs: number })
  /** SIGSTOP, and SIGCONT later: a zombie, if somebody took its work over. */
  | (CallPlace & { readonly kind: "pause"; readonly forMs: number })
  /** Its connection to the bus is cut. */
  | (CallPlace & { readonly kind: "cut"; readonly forMs: number })
  /** SIGTERM; another one starts at once. */
  | (CallPlace & { readonly kind: "drain" })
  | { readonly kind: "publish"; readonly nth: number; readonly fault: PublishTrouble }
  | { readonly kind: "read"; readonly nth: number; readonly lagMs: number }
  | { readonly kind: "ack"; readonly nth: number; readonly delayMs: number | "lost" }
  | { readonly kind: "request"; readonly nth: number; readonly fault: "lost_before" | "lost_after" }
  /** All servers are down. */
  | { readonly kind: "outage"; readonly atMs: number; readonly forMs: number }
  /** Every delivery in flight is handed out again while its owner lives. */
  | { readonly kind: "redelivery"; readonly atMs: number }
  /** Another server leads. */
  | { readonly kind: "leader"; readonly atMs: number }
  /** Streams take nothing. */
  | { readonly kind: "full"; readonly atMs: number; readonly forMs: number }
  /** A message of a client that is none of ours. */
  | { readonly kind: "void"; readonly atMs: number; readonly stream: "events" | "outcomes" }
  /** The wall clocks of all processes of a part jump, or those of the whole machine, sandboxes included. */
  | { readonly kind: "clock"; readonly atMs: number; readonly part: Part | "machine"; readonly byMs: number }
  | { readonly kind: "start"; readonly nth: number; readonly trouble: StartTrouble }
  /** What becomes of a sandbox at its n-th request. */
  | {
      readonly kind: "sandbox";
      readonly nth: number;
      readonly trouble: "lost" | "killed" | "cut" | "unanswered";
    }
  | { readonly kind: "model"; readonly nth: number; readonly trouble: ModelTrouble }
  /** Graders' endpoint: refuses, or answers nonsense. */
  | {
      readonly kind: "endpoint";
      readonly atMs: number;
      readonly forMs: number;
      readonly trouble: "refused" | "busy" | "broken";
    }
  /** Whoever samples this rollout dies of it. */
  | { readonly kind: "poison"; readonly rollout: number; readonly part: "worker" | "grader" }
  /** Ctrl-C, and the same command again. */
  | { readonly kind: "interrupt"; readonly atMs: number; readonly downMs: number }
  /** Everything dies at once, and starts again. */
  | { readonly kind: "blackout"; readonly atMs: number; readonly downMs: number }
  /** A leader of before wakes up and sweeps what was nobody's when it fell asleep: the n-th sandbox as it came up. */
  | { readonly kind: "stale_sweep"; readonly nth: number; readonly behindMs: number }
  /** An answer about a whole stream takes its time. */
  | { readonly kind: "slow_info"; readonly nth: number; readonly delayMs: number };

/** What happens to a publish; a number delays it by milliseconds. */
export type PublishTrouble = "lost_before" | "lost_after" | "in_flight" | "full" | number;
/** What happens to the start of a sandbox; a number makes it slow by milliseconds. */
export type StartTrouble = "start_failed" | "setup_failed" | number;
/** What happens to a model call; a number makes it slow by milliseconds. */
export type ModelTrouble =
  | "model_rate_limited"
  | "model_server_error"
  | "model_bad_response"
  | "model_connection_lost"
  | number;

/** What the job and its agents are like. */
export interface WorldShape {
  readonly replicas: 1 | 3;
  readonly items: number;
  readonly samplesPerItem: number;
  readonly parallelism: number;
  /** Gateways, where the rollouts are a hosted trainer's. */
  readonly workers: number;
  readonly slots: number;
  readonly graders: number;
  readonly warmReplicas: number;
  readonly maxAttempts: number;
  readonly agentSeconds: number;
  /** Turns with tool calls before the answer, at most. */
  readonly toolTurns: number;
  readonly needsSandbox: boolean;
  /** What an attempt does when its sandbox is lost. */
  readonly recovery: "restart" | "replay";
  /** The frozen sandbox is kept until the outcome. */
  readonly gradingNeedsSandbox: boolean;
  readonly grader: "string_check" | "endpoint";
}

/** One simulated run: all that happens follows from it. */
export interface Schedule {
  /** Of the small dice: latencies, what agents say. */
  readonly seed: number;
  readonly shape: WorldShape;
  readonly faults: readonly Fault[];
}

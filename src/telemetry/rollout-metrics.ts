import type { AttemptRef } from "../rollout/attempt-ref.ts";
import { unionMs } from "../rollout/agent-time.ts";
import type { RolloutObserver } from "../rollout/observer.ts";
import type { AttemptState } from "../rollout/state.ts";
import type { MetricMaker } from "./metric-makers.ts";

/** What an attempt's metrics are labelled with: names from specs only, never what a model wrote. */
export interface RolloutLabels {
  readonly environment: string;
  /** Names of the environment's tools; a call of any other counts as `unknown`. */
  readonly tools: ReadonlySet<string>;
}

/** How many rollouts there are in each phase. */
export interface ActiveRollouts {
  readonly pending: number;
  readonly agent: number;
  readonly grading: number;
}

/** A worker's observer that counts, and the gauge of what is under way. */
export interface RolloutMetrics {
  readonly observer: RolloutObserver;
  /** Gives `rollouts_active` a better source than this worker's own rollouts: whoever accounts for the jobs. */
  watchActive(read: () => ActiveRollouts): void;
}

/** Makes the metrics of a worker. `nowMs` is wall time. */
export function createRolloutMetrics(
  maker: MetricMaker,
  labelsOf: (ref: AttemptRef) => RolloutLabels,
  nowMs: () => number,
): RolloutMetrics {
  let agents = 0;
  let readActive = (): ActiveRollouts => ({ pending: 0, agent: agents, grading: 0 });
  maker.gauge("rollouts_active", (gauge) => {
    for (const [phase, count] of Object.entries(readActive())) gauge.set({ phase }, count);
  });
  const turns = maker.counter("turns_total");
  const calls = maker.counter("tool_calls_total");
  const callSeconds = maker.histogram("tool_call_duration_seconds");
  const replays = maker.counter("sandbox_replays_total");
  const observeEnd = endObserver(maker, nowMs);
  const observer: RolloutObserver = {
    rolloutAttached: () => {
      agents += 1;
    },
    turnSampled: (ref) => turns.inc({ environment: labelsOf(ref).environment }),
    toolReturned: (ref, call, returned) => {
      const { environment, tools } = labelsOf(ref);
      const tool = tools.has(call.name) ? call.name : "unknown";
      calls.inc({ environment, tool, result: returned.result });
      callSeconds.observe({ environment, tool }, returned.durationMs / 1000);
    },
    sandboxLeased: () => undefined,
    sandboxReplayed: (ref) => replays.inc({ environment: labelsOf(ref).environment }),
    rolloutEnded: (ref, end, attempt) => {
      agents -= 1;
      // Drained and dropped attempts go on elsewhere, and are measured there.
      if (end.kind === "stopped" || end.kind === "failed") observeEnd(labelsOf(ref).environment, attempt);
    },
  };
  return { observer, watchActive: (read) => (readActive = read) };
}

function endObserver(
  maker: MetricMaker,
  nowMs: () => number,
): (environment: string, attempt: AttemptState) => void {
  const duration = maker.histogram("rollout_duration_seconds");
  const phase = maker.histogram("phase_duration_seconds");
  const callCount = maker.histogram("rollout_tool_calls");
  return (environment, attempt) => {
    duration.observe({ environment }, Math.max(0, nowMs() - attempt.startedAtMs) / 1000);
    for (const [name, ms] of Object.entries(phasesMs(attempt))) {
      phase.observe({ environment, phase: name }, ms / 1000);
    }
    callCount.observe({ environment }, sum(attempt.turns.map((turn) => turn.calls.length)));
  };
}

function phasesMs(attempt: AttemptState): Readonly<Record<"queued" | "sandbox" | "model" | "tool", number>> {
  return {
    queued: Math.max(0, attempt.startedAtMs - attempt.dispatchedAtMs),
    sandbox: sum(attempt.sandboxes.map((sandbox) => sandbox.waitedMs)),
    model: sum(attempt.turns.map((turn) => turn.modelMs)),
    tool: sum(attempt.turns.map((turn) => unionMs(turn.calls))),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

import type { DoctorFacts } from "./doctor-facts.ts";
import { fine, problem } from "./finding.ts";
import type { Finding } from "./finding.ts";
import type { LiveFacts } from "./live-facts.ts";

/** Longer than the longest request to a model by default: with rollouts under way something should be recorded. */
const STALLED_SECONDS = 900;
/** A claim that waits for longer than a sandbox should take to start. */
const SLOW_CLAIM_SECONDS = 60;
/** A grade or settle request should not be older. */
const OLD_WORK_SECONDS = 600;
/** From here on a budget or a stream is nearly spent. */
const NEARLY = 0.8;

/** Explains a job that runs, by what its own process says. Pure. */
export function diagnoseLive(
  live: LiveFacts,
  { mostDeliveries, commands }: Pick<DoctorFacts, "mostDeliveries" | "commands">,
): readonly Finding[] {
  return [
    progressFinding(live),
    ...busFindings(live),
    ...sandboxFindings(live, commands.sandbox),
    ...endpointFindings(live),
    ...workFindings(live),
    ...deliveryFindings(live, mostDeliveries),
    ...budgetFindings(live),
    ...streamFindings(live),
  ];
}

function progressFinding({ job, status, progress }: LiveFacts): Finding {
  const { total, pending, active, grading, graded, failed } = status.rollouts;
  const last = progress.lastEventSecondsAgo;
  const when = last === null ? "nothing is recorded yet" : `something was recorded ${duration(last)} ago`;
  const text =
    `${job} is running: ${graded} of ${total} rollouts graded, ${failed} failed, ${active} active, ` +
    `${grading} grading, ${pending} pending; ${when}.`;
  if (last === null || last < STALLED_SECONDS || active + grading === 0) return fine("running", text);
  return problem(
    "stalled",
    text,
    "See below what it waits for; logs/rollyard.log has what every part did last.",
  );
}

function busFindings({ bus }: LiveFacts): readonly Finding[] {
  const restarts = bus.restarts === 0 ? "" : `; nats-server was started again ${times(bus.restarts)}`;
  if (!bus.connected) {
    return [
      problem(
        "bus_unavailable",
        `The message bus does not answer${restarts}.`,
        "It is started again by itself; if it stays away, .rollyard/store/nats-server.log says why (often the disk).",
      ),
    ];
  }
  if (bus.restarts === 0) return [];
  const text = `nats-server ended and was started again ${times(bus.restarts)}; nothing that was stored is lost.`;
  return [
    problem(
      "nats_server_restarts",
      text,
      "Look for what ends it: memory of the machine, .rollyard/store/nats-server.log.",
    ),
  ];
}

function sandboxFindings({ sandboxes }: LiveFacts, byHand: string): readonly Finding[] {
  const { ready, starting, leased, waiting, oldestWaitSeconds, failedStarts, breaker } = sandboxes;
  const counts = `${leased} sandboxes leased, ${ready} ready, ${starting} starting`;
  const claims =
    waiting === 0 ? "" : `; ${waiting} claims wait, the oldest for ${duration(oldestWaitSeconds ?? 0)}`;
  if (breaker.state !== "closed") {
    const why = `the last ${breaker.consecutiveFailures} starts failed with ${breaker.lastCode}: ${breaker.lastReason}`;
    return [
      problem(
        "starts_failing",
        `No sandboxes start: ${why} One at a time is tried at growing intervals (${counts}${claims}).`,
        `Mend spec.sandbox of the Environment (image, setup, resources) and try one by hand: ${byHand}`,
      ),
    ];
  }
  const text = `${counts}${claims}; ${failedStarts} starts have failed since the beginning.`;
  if (waiting > 0 && (oldestWaitSeconds ?? 0) > SLOW_CLAIM_SECONDS) {
    return [
      problem(
        "claims_waiting",
        text,
        "Starts are slow: lower spec.parallelism, or raise spec.sandbox.warmReplicas, maxStarting or startsPerSecond.",
      ),
    ];
  }
  return waiting > 0 || failedStarts > 0 ? [fine("sandboxes", text)] : [];
}

function endpointFindings({ endpoints, workers }: LiveFacts): readonly Finding[] {
  const own = endpoints
    .filter(({ throttled }) => throttled)
    .map(({ endpoint, limit, inFlight, waiting, pausedSeconds }) => {
      const pause = pausedSeconds > 0 ? `, nothing is sent for ${duration(pausedSeconds)}` : "";
      const text = `${endpoint} answers 429: ${limit} requests at once now, ${inFlight} under way, ${waiting} waiting${pause}.`;
      return problem("model_throttled", text, THROTTLED);
    });
  if (own.length > 0) return own;
  const others = workers.filter(({ throttled }) => throttled).map(({ worker }) => worker);
  if (others.length === 0) return [];
  return [
    problem("model_throttled", `The model endpoint throttles the workers ${others.join(", ")}.`, THROTTLED),
  ];
}

const THROTTLED =
  "It slows down and recovers by itself; to be quicker raise the endpoint's rate limit, or lower spec.parallelism.";

function workFindings({ bus, status }: LiveFacts): readonly Finding[] {
  const left = status.rollouts.total - status.rollouts.graded - status.rollouts.failed;
  if (left === 0) return [];
  return (bus.work ?? []).flatMap(({ kind, waiting, unacked, pulls, lastAckSecondsAgo, oldest }) => {
    if (oldest === null) return [];
    const acked =
      lastAckSecondsAgo === null ? "none was yet" : `the last was ${duration(lastAckSecondsAgo)} ago`;
    const place = `rollout ${oldest.rollout}, attempt ${oldest.attempt}`;
    const text =
      `${kind} work: ${waiting} waiting, ${unacked} taken and not acknowledged (${acked}); ` +
      `the oldest is ${duration(oldest.ageSeconds)} old (${place}).`;
    if (waiting > 0 && unacked === 0 && pulls === 0) {
      return [
        problem(
          "nobody_takes_work",
          text,
          `Nobody asks for ${kind} work: see in the logs why its part is not there.`,
        ),
      ];
    }
    // A rollout's own assignment is as old as the rollout.
    if (kind === "rollout" || oldest.ageSeconds < OLD_WORK_SECONDS) return [fine("work", text)];
    return [problem("old_work", text, OLD_WORK[kind])];
  });
}

const OLD_WORK = {
  grade:
    "Graders wait without limit for what they need: see whether the grader's endpoint answers, and the logs.",
  settle: "Failures are not settled: see in logs/rollyard.log what settling says.",
} as const;

function deliveryFindings({ deliveries, bus }: LiveFacts, most: number): readonly Finding[] {
  const over = deliveries.filter((each) => each.deliveries > most);
  const [worst] = over;
  if (worst !== undefined) {
    const { kind, rollout, attempt, deliveries: count } = worst;
    return [
      problem(
        "delivered_often",
        `${over.length} messages were delivered more than ${times(most)}; ${kind} work of rollout ${rollout}, attempt ${attempt}, ${times(count)}.`,
        `Something ends or stops whoever takes it; --deliveries ${most} lists them, the logs say what their takers did.`,
      ),
    ];
  }
  const redelivered = (bus.work ?? []).reduce((sum, work) => sum + work.redelivered, 0);
  return redelivered === 0
    ? []
    : [fine("redelivered", `${redelivered} messages under way were delivered more than once.`)];
}

function budgetFindings({ budget, status }: LiveFacts): readonly Finding[] {
  const { retries, tokens, rollouts, seconds } = budget;
  // A bound that the whole job stays within is none.
  const mostRollouts = (rollouts.most ?? Infinity) < status.rollouts.total ? rollouts.most : null;
  const parts: readonly (readonly [name: string, field: string, used: number, most: number | null])[] = [
    ["extra attempts", "spec.retry.budgetPercent", retries.taken, retries.most],
    ["tokens", "spec.budget.totalTokens", tokens.used, tokens.most],
    ["rollouts", "spec.budget.rollouts", rollouts.started, mostRollouts],
    ["seconds", "spec.deadlineSeconds", Math.round(seconds.elapsed), seconds.most],
  ];
  const bounded = parts.flatMap(([name, field, used, most]) =>
    most === null ? [] : [{ name, field, used, most }],
  );
  const text = `Used: ${bounded.map(({ name, used, most }) => `${used} of ${most} ${name}`).join(", ")}; ${tokens.used} tokens in all.`;
  const near = bounded.filter(({ used, most }) => used >= NEARLY * most);
  if (near.length === 0) return [fine("budget", text)];
  const fields = near.map(({ field }) => field).join(", ");
  return [
    problem(
      "budget_nearly_spent",
      text,
      `The job ends when it is spent; raise ${fields} and run it again to go on.`,
    ),
  ];
}

function streamFindings({ bus }: LiveFacts): readonly Finding[] {
  return (bus.streams ?? [])
    .filter(({ usedBytes, maxBytes }) => usedBytes >= NEARLY * maxBytes)
    .map(({ stream, usedBytes, maxBytes }) =>
      problem(
        "stream_full",
        `The stream ${stream} is at ${Math.round((100 * usedBytes) / maxBytes)} % of its ${Math.round(maxBytes / 1024 ** 2)} MiB.`,
        "What is under way goes on; nothing new is dispatched while it is that full. Split the job's items over several jobs.",
      ),
    );
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

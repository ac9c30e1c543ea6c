import type { WorldShape } from "./schedule.ts";

/** A dozen rollouts of a usual kind. */
export const PLAIN_SHAPE: WorldShape = {
  replicas: 1,
  items: 3,
  samplesPerItem: 4,
  parallelism: 12,
  workers: 2,
  slots: 8,
  graders: 1,
  warmReplicas: 0,
  maxAttempts: 3,
  agentSeconds: 600,
  toolTurns: 3,
  needsSandbox: true,
  recovery: "restart",
  gradingNeedsSandbox: false,
  grader: "endpoint",
};

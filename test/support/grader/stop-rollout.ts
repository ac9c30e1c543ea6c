import type { LogStore } from "../../../src/bus/port.ts";
import { workSubject } from "../../../src/bus/subjects.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { PARTS, attemptMessages, gradeRequestPayload } from "./stopped-rollout.ts";

/** A rollout to write. */
export interface StoppedRollout {
  readonly specHash: string;
  readonly sampleIndex: number;
  readonly item?: JsonObject;
}

/** Stores the log of a rollout of {@link PARTS}' item that has stopped, and the request to grade it. */
export async function stopRollout(worker: LogStore, rollout: StoppedRollout): Promise<void> {
  const { specHash, sampleIndex } = rollout;
  let lastSequence = 0;
  for (const message of attemptMessages(rollout)) {
    const result = await worker.publish(message);
    if (result.kind === "stored") lastSequence = result.sequence;
  }
  const payload = gradeRequestPayload({ attempt: 0, sampleIndex, lastSequence, specHash });
  await worker.publish({ subject: workSubject("grade", { ...PARTS, sampleIndex }, 0), payload });
}

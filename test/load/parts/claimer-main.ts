import { create, toBinary } from "@bufbuild/protobuf";
import type { Bus } from "../../../src/bus/port.ts";
import { claimSubject } from "../../../src/bus/subjects.ts";
import { ClaimRequestSchema } from "../../../src/gen/rollyard/v1/requests_pb.ts";
import { AttemptRefSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { decodeClaimAnswer } from "../../../src/sandbox/claim-reply.ts";
import { tellReleased } from "../../../src/sandbox/sandbox-releases.ts";
import { connectPart, partLogger } from "../bench/bus-login.ts";
import type { BusLogin } from "../bench/bus-login.ts";
import { servePart } from "../bench/serve-part.ts";

/** Whose rollouts claim. */
export interface ClaimingJob {
  readonly namespace: string;
  readonly jobUid: string;
  readonly environmentUid: string;
}

/** That many rollouts of one sample, from the first item on. */
export interface ClaimRange {
  readonly job: ClaimingJob;
  readonly firstItem: number;
  readonly count: number;
}

/** Their claims. */
export interface ClaimTask extends ClaimRange {
  /** Null: all at once. */
  readonly perSecond: number | null;
}

/** How long each claim took from the first asking to its lease, and how long all of them. */
export interface ClaimFigures {
  readonly waitedMs: readonly number[];
  readonly warm: number;
  readonly seconds: number;
  /** Claims that were answered with something else than a lease. */
  readonly refused: readonly string[];
}

/** A worker's claims without its rollouts. */
export type ClaimerApi = {
  start(login: BusLogin): Promise<void>;
  claim(task: ClaimTask): Promise<ClaimFigures>;
  /** Says of each rollout's sandbox that it is needed no more. */
  release(range: ClaimRange): Promise<void>;
};

const REPLY_WITHIN_MS = 6000;
const PAUSE_MS = 50;
let bus: Bus | undefined;

async function claim({ job, firstItem, count, perSecond }: ClaimTask): Promise<ClaimFigures> {
  const startedMs = performance.now();
  const waitedMs: number[] = [];
  const refused: string[] = [];
  let warm = 0;
  const one = async (index: number): Promise<void> => {
    const dueMs = perSecond === null ? 0 : (index * 1000) / perSecond;
    const leftMs = startedMs + dueMs - performance.now();
    if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs));
    const askedMs = performance.now();
    const answer = await untilAnswered(job, firstItem + index);
    if (answer.kind === "lease") {
      waitedMs.push(performance.now() - askedMs);
      if (answer.lease.source === "warm") warm += 1;
    } else refused.push(answer.kind);
  };
  await Promise.all(Array.from({ length: count }, (_, index) => one(index)));
  return { waitedMs, warm, refused, seconds: (performance.now() - startedMs) / 1000 };
}

async function untilAnswered(job: ClaimingJob, itemIndex: number) {
  const { namespace, environmentUid } = job;
  const ref = attemptOf(job, itemIndex);
  const request = create(ClaimRequestSchema, { ref, purpose: "agent", generation: 0, epoch: 1n });
  const payload = toBinary(ClaimRequestSchema, request);
  for (;;) {
    const result = await bus?.request(claimSubject(namespace, environmentUid), payload, REPLY_WITHIN_MS);
    const answer = result?.kind === "reply" ? decodeClaimAnswer(result.payload) : null;
    if (answer !== null && answer.kind !== "pending") return answer;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

function attemptOf({ namespace, jobUid, environmentUid }: ClaimingJob, itemIndex: number) {
  return { namespace, jobUid, environmentUid, itemIndex, sampleIndex: 0, attempt: 0 };
}

async function release({ job, firstItem, count }: ClaimRange): Promise<void> {
  if (bus === undefined) throw new Error("the claimer was not started");
  for (let index = firstItem; index < firstItem + count; index += 1)
    tellReleased(bus, create(AttemptRefSchema, attemptOf(job, index)));
}

servePart(
  {
    start: async (login: BusLogin) => {
      bus = await connectPart(login, partLogger(login));
    },
    claim,
    release,
  } satisfies ClaimerApi,
  async () => bus?.close(),
);

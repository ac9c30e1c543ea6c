import type { Plant } from "../plant.ts";
import { duplicateIsSuccess, inFlightIsFenced, noExpectedSequence, toolBeforeRecord } from "./appends.ts";
import {
  ackBeforeStore,
  outcomesExpire,
  outcomeWithoutSeal,
  rebuildAgainstTheFlow,
  retryWithoutRecord,
  takeoverUnasked,
  tokenWithoutEpoch,
} from "./work.ts";

/** The bugs that the simulation must find, by name. */
export const PLANTED_BUGS: Readonly<Record<string, Plant>> = {
  "no expected sequence": noExpectedSequence,
  "ack before store": ackBeforeStore,
  "10164 taken for fenced": inFlightIsFenced,
  "duplicate taken for success": duplicateIsSuccess,
  "an attempt dispatched without a recorded failure": retryWithoutRecord,
  "a failure recorded in an open log": outcomeWithoutSeal,
  "outcomes read before work at a rebuild": rebuildAgainstTheFlow,
  "outcomes that expire": outcomesExpire,
  "a tool sent before its record": toolBeforeRecord,
  "a takeover without asking": takeoverUnasked,
  "an orphan deleted without retired": { sweepsUnasked: true },
  "a token without epoch": tokenWithoutEpoch,
};

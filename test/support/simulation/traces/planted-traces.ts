import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { HEADERS } from "../../../../src/bus/port.ts";
import type { Bus, OutgoingMessage, StoredMessage } from "../../../../src/bus/port.ts";
import { EventBatchSchema } from "../../../../src/gen/rollyard/v1/events_pb.ts";
import { OutcomeSchema } from "../../../../src/gen/rollyard/v1/work_pb.ts";
import { busWith } from "../planted/bus-wrapper.ts";
import type { TracePlant } from "./trace-plant.ts";

const TRACES = "rollyard.traces.";

/** A trace is begun, and its calls and its sandbox noted, by whoever comes: nobody expects what is on record. */
const noExpectedSequence: TracePlant = {
  bus: (bus) =>
    busWith(bus, {
      publish: (message) => {
        if (!message.subject.startsWith(TRACES)) return bus.publish(message);
        const { expectedLastSequence: _, ...rest } = message;
        return bus.publish(rest);
      },
    }),
};

/** A tool's answer goes out while its record is still on its way. */
const answerBeforeRecord: TracePlant = {
  bus: (bus, process) =>
    process.part === "gateway"
      ? busWith(bus, {
          publish: (message) => {
            const answer = bus.publish(message);
            const sequence = (message.expectedLastSequence ?? 0) + 1;
            return isAnswer(message) ? Promise.resolve({ kind: "stored", sequence }) : answer;
          },
        })
      : bus,
};

function isAnswer({ subject, payload }: OutgoingMessage): boolean {
  if (!subject.startsWith(TRACES)) return false;
  return fromBinary(EventBatchSchema, payload).events.some(({ kind }) => kind.case === "toolReturned");
}

/** A rollout that has failed is scored 0. */
const failureScoredZero: TracePlant = {
  bus: (bus, process) => (process.part === "gateway" ? readingFailuresAsZero(bus) : bus),
};

function readingFailuresAsZero(bus: Bus): Bus {
  return busWith(bus, {
    readLast: async (...place) => {
      const last = await bus.readLast(...place);
      return last?.headers[HEADERS.outcome] === "failed" ? scoredZero(last) : last;
    },
  });
}

function scoredZero(message: StoredMessage): StoredMessage {
  const outcome = { ...fromBinary(OutcomeSchema, message.payload), outcome: "graded", reward: 0 };
  const headers = { ...message.headers, [HEADERS.outcome]: "graded", [HEADERS.reward]: "0" };
  return { ...message, headers, payload: toBinary(OutcomeSchema, outcome) };
}

/** The bugs that the simulation of traces must find, by name. */
export const PLANTED_IN_TRACES: Readonly<Record<string, TracePlant>> = {
  "appends without an expected sequence": noExpectedSequence,
  "an answer before its record": answerBeforeRecord,
  "a failed rollout that is scored 0": failureScoredZero,
  "calls that each gateway names in its own way": { namesCallsApart: true },
  "a sandbox that an idle trace keeps": { keepsIdle: true },
};

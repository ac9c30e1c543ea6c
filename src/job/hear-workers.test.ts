import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { SlotsAnnouncedSchema } from "../gen/rollyard/v1/requests_pb.ts";
import { hearWorkers } from "./hear-workers.ts";
import { WorkerRoster } from "./worker-roster.ts";

describe("a process that hears workers", () => {
  it("knows their slots before it needs them, and tells of each announcement", async () => {
    const roster = new WorkerRoster({ monotonicMs: () => 0 });
    let handler: (payload: Uint8Array) => void = () => undefined;
    const bus = {
      listen: async (filter: string, heard: (payload: Uint8Array, subject: string) => void) => {
        expect(filter).toBe("rollyard.slots.*");
        handler = (payload) => heard(payload, "rollyard.slots.a");
        return { stop: async () => undefined };
      },
    };
    let news = 0;
    await hearWorkers(bus, roster, () => (news += 1));
    expect(roster.slots()).toBeNull();
    handler(toBinary(SlotsAnnouncedSchema, create(SlotsAnnouncedSchema, { worker: "a", total: 8, free: 3 })));
    expect(roster.all()).toEqual([
      { worker: "a", slots: 8, free: 3, throttledEndpoints: [], repeatedWork: [] },
    ]);
    expect(news).toBe(1);
  });
});

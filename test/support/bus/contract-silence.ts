import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bus, PublishResult } from "../../../src/bus/port.ts";
import { leaseSubject } from "../../../src/bus/subjects.ts";

/** A bus whose server's disk a test may fill. */
export interface BusWithDisk {
  connect(): Promise<Bus>;
  fillDisk(): Promise<void>;
  freeDisk(): Promise<void>;
  /** Kills the server and starts it again; resolves when it runs. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** How soon clients of these tests give up a publish, and take a stream for silent. */
export const SOON = { publishTimeoutMs: 200, silentAfterMs: 600 } as const;

const WAIT = { timeout: 15_000, interval: 20 };
/** What is written already has some room beside it. */
const PIECE_BYTES = 16 * 1024;

/** What every bus must do whose server has no room on its disk: in this order, each test goes on from the one before. */
export function describeSilence(name: string, makeBus: () => Promise<BusWithDisk>): void {
  describe(`the contract of a bus on a full disk: ${name}`, () => {
    let servers: BusWithDisk;
    let bus: Bus;
    let published = 0;

    beforeAll(async () => {
      servers = await makeBus();
      bus = await servers.connect();
      await bus.ensureStreams();
    });

    afterAll(async () => {
      await bus.close();
      await servers.stop();
    });

    const publish = (): Promise<PublishResult> =>
      bus.publish({
        subject: leaseSubject(`box${(published += 1)}`),
        payload: new Uint8Array(PIECE_BYTES),
        expectedLastSequence: 0,
      });
    const silent = async (): Promise<readonly string[]> => {
      await publish();
      return bus.silentStreams();
    };

    it("names no stream while it stores", async () => {
      expect((await publish()).kind).toBe("stored");
      expect(bus.silentStreams()).toEqual([]);
    });

    it("names the stream that answers nothing", async () => {
      await servers.fillDisk();
      await expect.poll(silent, WAIT).toEqual(["leases"]);
    });

    it("still reads what it has, and refuses what does not follow", async () => {
      const subject = leaseSubject("box1");
      expect(await bus.readLast("leases", subject, { fromLeader: true })).toMatchObject({ subject });
      const late = { subject, payload: new Uint8Array(), expectedLastSequence: 0 };
      expect(await bus.publish(late)).toEqual({ kind: "wrong_sequence" });
      expect(bus.silentStreams()).toEqual(["leases"]);
    });

    it("names it until it stores again, for which it has to be started again", async () => {
      await servers.freeDisk();
      expect(await silent()).toEqual(["leases"]);
      await servers.restart();
      await expect.poll(silent, WAIT).toEqual([]);
    });
  });
}

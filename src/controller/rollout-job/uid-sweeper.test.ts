import { beforeEach, describe, expect, it } from "vitest";
import { FakeBus } from "../../../test/support/bus/fake-bus.ts";
import type { Bus } from "../../bus/port.ts";
import { putSpec } from "../../bus/specs.ts";
import { storeRecord } from "../../job/job-record.ts";
import { putServed, putServedNoMore } from "../../trace/served-record.ts";
import type { Clock } from "../../lib/clock.ts";
import { silentLogger } from "../../lib/logger.ts";
import { UidSweeper } from "./uid-sweeper.ts";

const GONE = "aaaaaaaaaaaa";
const LIVE = "bbbbbbbbbbbb";
const MINUTE_MS = 60_000;
const NO_ROWS = { sha256: "0".repeat(64), sizeBytes: 0, chunks: 0 };
const JUST_BEGUN = { startedAtMs: 0, earlierSeconds: 0, runsSinceMs: 0, end: null, endedAtMs: null };

describe("the sweeper", () => {
  let bus: Bus;
  let nowMs: number;
  let live: Set<string>;

  beforeEach(async () => {
    bus = new FakeBus({ replicas: 1 }).connect("controller");
    await bus.ensureStreams();
    nowMs = 0;
    live = new Set([LIVE]);
    for (const uid of [GONE, LIVE]) {
      await store(`rollyard.events.team.${uid}.0-0`);
      await store(`rollyard.outcomes.team.${uid}.0-0`);
      await store(`rollyard.work.grade.team.${uid}.0-0.0`);
      await store(`rollyard.blobs.${uid}.${"0".repeat(64)}.0`);
    }
    await store(`rollyard.blobs.uploads-team.${"0".repeat(64)}.0`);
  });

  const store = async (subject: string): Promise<void> => {
    await bus.publish({ subject, payload: new Uint8Array([1]) });
  };
  const sweeper = (namespace?: string): UidSweeper => {
    const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => undefined };
    return new UidSweeper({ bus, clock, logger: silentLogger, isLive: (uid) => live.has(uid), namespace });
  };
  const left = async (uid: string): Promise<number> => {
    const streams = ["work", "events", "outcomes", "blobs"] as const;
    const subjects = await Promise.all(streams.map((stream) => bus.subjects(stream, ">")));
    return subjects.flatMap((each) => [...each.keys()]).filter((subject) => subject.includes(uid)).length;
  };
  /** Hashes of those that are kept. */
  const snapshots = async (): Promise<readonly string[]> => {
    const subjects = [...(await bus.subjects("specs", "$KV.rollyard-specs.*")).keys()];
    return subjects.map((subject) => subject.split(".").at(-1) ?? "");
  };
  const lookAt = async (looking: UidSweeper, minutes: readonly number[]): Promise<void> => {
    for (const minute of minutes) {
      nowMs = minute * MINUTE_MS;
      await looking.look();
    }
  };

  it("removes what has had no object for an hour, and nothing else", async () => {
    await lookAt(sweeper(), [0, 30, 60]);
    expect(await left(GONE)).toBe(0);
    expect(await left(LIVE)).toBe(4);
    expect(await left("uploads-team")).toBe(1);
  });

  it("leaves what is unknown for less", async () => {
    await lookAt(sweeper(), [0, 30, 59]);
    expect(await left(GONE)).toBe(4);
  });

  it("starts anew when an object appears in between", async () => {
    const looking = sweeper();
    await lookAt(looking, [0, 30]);
    live.add(GONE);
    await lookAt(looking, [59]);
    live.delete(GONE);
    await lookAt(looking, [61, 90]);
    expect(await left(GONE)).toBe(4);
  });

  it("removes snapshots that nothing names: no job, no Environment that is or was served", async () => {
    const snapshot = (name: string) => putSpec(bus, LIVE, { namespace: "team", name });
    const [, ofJob, ofServed, ofOnceServed] = [
      await snapshot("of nobody"),
      await snapshot("of the job"),
      await snapshot("of a served Environment"),
      await snapshot("of one that was served"),
    ];
    const record = {
      specHash: ofJob,
      environmentUid: "e",
      environmentName: "e",
      rows: NO_ROWS,
      ...JUST_BEGUN,
    };
    await storeRecord(bus, { namespace: "team", jobUid: LIVE }, { record, sequence: 0 });
    await putServed(bus, { namespace: "team", name: "e" }, { environmentUid: "e", specHash: ofServed });
    const once = { environmentUid: "o", specHash: ofOnceServed };
    await putServedNoMore(bus, { namespace: "team", name: "o" }, once);
    const looking = sweeper();
    await lookAt(looking, [0, 59]);
    expect(await snapshots()).toHaveLength(4);
    await lookAt(looking, [60]);
    expect((await snapshots()).toSorted()).toEqual([ofJob, ofServed, ofOnceServed].toSorted());
  });

  it("leaves the snapshots of a namespace with traces, and of one that is not watched", async () => {
    await putSpec(bus, LIVE, { namespace: "team" });
    await lookAt(sweeper("others"), [0, 60, 120]);
    await store("rollyard.traces.team.eeeeeeeeeeee.0-0");
    await lookAt(sweeper(), [130, 190, 250]);
    expect(await snapshots()).toHaveLength(1);
  });

  it("touches no namespace that is not watched", async () => {
    await lookAt(sweeper("others"), [0, 60, 120]);
    expect(await left(GONE)).toBe(4);
  });
});

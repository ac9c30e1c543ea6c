import { beforeEach, describe, expect, it } from "vitest";
import { FakeBus } from "../../../test/support/bus/fake-bus.ts";
import type { Bus } from "../../bus/port.ts";
import type { Clock } from "../../lib/clock.ts";
import { silentLogger } from "../../lib/logger.ts";
import { UidSweeper } from "./uid-sweeper.ts";

const GONE = "aaaaaaaaaaaa";
const LIVE = "bbbbbbbbbbbb";
const MINUTE_MS = 60_000;

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

  it("touches no namespace that is not watched", async () => {
    await lookAt(sweeper("others"), [0, 60, 120]);
    expect(await left(GONE)).toBe(4);
  });
});

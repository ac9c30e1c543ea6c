import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import { BEAT_MS } from "../bus/keep-beating.ts";
import { ReconnectPause } from "./reconnect-pause.ts";

const never = new AbortController().signal;

describe("the pause after a reconnect", () => {
  it("is none for a worker that was always connected", async () => {
    const clock = new VirtualClock();
    const pause = new ReconnectPause(clock);
    pause.noticed("connected");
    expect(await clock.run(pause.over(never), BEAT_MS)).toBe(false);
  });

  it("lasts one beat interval from the return, and is over for good then", async () => {
    const clock = new VirtualClock();
    const pause = new ReconnectPause(clock);
    pause.noticed("disconnected");
    pause.noticed("connected");
    const beganMs = clock.monotonicMs();
    expect(await clock.run(pause.over(never), 2 * BEAT_MS)).toBe(true);
    expect(clock.monotonicMs() - beganMs).toBe(BEAT_MS);
    expect(await clock.run(pause.over(never), BEAT_MS)).toBe(false);
  });

  it("begins anew when the connection is lost again while it lasts", async () => {
    const clock = new VirtualClock();
    const pause = new ReconnectPause(clock);
    pause.noticed("disconnected");
    pause.noticed("connected");
    const beganMs = clock.monotonicMs();
    void clock.sleep(10_000).then(() => {
      pause.noticed("disconnected");
      pause.noticed("connected");
    });
    await clock.run(pause.over(never), 3 * BEAT_MS);
    expect(clock.monotonicMs() - beganMs).toBe(10_000 + BEAT_MS);
  });

  it("ends at once for a worker that drains", async () => {
    const clock = new VirtualClock();
    const pause = new ReconnectPause(clock);
    pause.noticed("disconnected");
    pause.noticed("connected");
    const beganMs = clock.monotonicMs();
    expect(await clock.run(pause.over(AbortSignal.abort()), BEAT_MS)).toBe(false);
    expect(clock.monotonicMs()).toBe(beganMs);
  });
});

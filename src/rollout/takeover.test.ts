import { describe, expect, it } from "vitest";
import { anAttempt } from "../../test/support/rollout/attempt-builder.ts";
import { EMPTY_ROLLOUT } from "./fold.ts";
import type { AttemptState } from "./state.ts";
import { decideTakeover } from "./takeover.ts";

const self = { worker: "me", asked: null };
const stopped = { kind: "stopped", reason: "answered", evidence: {}, atMs: 0 } as const;
const driver = (id: string) => ({ id, nonce: "n", epoch: 5 });
const log = (...attempts: AttemptState[]) => ({ ...EMPTY_ROLLOUT, attempts });

describe("taking an assignment over", () => {
  it("starts an attempt that the log does not have", () => {
    expect(decideTakeover(EMPTY_ROLLOUT, 0, self).kind).toBe("start");
    expect(decideTakeover(log(anAttempt({ seal: stopped })), 1, self).kind).toBe("start");
  });

  it("asks another driver before it is fenced", () => {
    const found = decideTakeover(log(anAttempt({ driver: driver("other") })), 0, self);
    expect(found).toMatchObject({ kind: "ask", driver: "other" });
  });

  it("attaches once the other driver was asked and is silent", () => {
    const state = log(anAttempt({ driver: driver("other") }));
    expect(decideTakeover(state, 0, { worker: "me", asked: "other" }).kind).toBe("attach");
  });

  it("asks again when yet another driver attached meanwhile", () => {
    const state = log(anAttempt({ driver: driver("third") }));
    expect(decideTakeover(state, 0, { worker: "me", asked: "other" }).kind).toBe("ask");
  });

  it("attaches without asking after a driver detached, and to its own log", () => {
    expect(decideTakeover(log(anAttempt()), 0, self).kind).toBe("attach");
    expect(decideTakeover(log(anAttempt({ driver: driver("me") })), 0, self).kind).toBe("attach");
  });

  it("closes a sealed attempt again, and leaves a leftover of an earlier one", () => {
    expect(decideTakeover(log(anAttempt({ seal: stopped })), 0, self).kind).toBe("close");
    expect(decideTakeover(log(anAttempt({ attempt: 2 })), 1, self).kind).toBe("obsolete");
  });

  it("gives up a rollout that ends its workers again and again", () => {
    expect(decideTakeover(log(anAttempt({ attachesSinceTurn: 5 })), 0, self).kind).toBe("attach");
    expect(decideTakeover(log(anAttempt({ attachesSinceTurn: 6 })), 0, self).kind).toBe("poison");
  });
});

import { describe, expect, it } from "vitest";
import { judgeHeld } from "./judge-held.ts";
import type { HeldView } from "./judge-held.ts";

const alive: HeldView = { purpose: "agent", sandboxUid: "box", generation: 1, ended: null };
const lost: HeldView = { ...alive, ended: { kind: "node_lost", detail: "power cut" } };
const killed: HeldView = {
  ...alive,
  ended: { kind: "killed_by_agent", exitCode: 137, signal: "SIGKILL" },
};
const again = { generation: 1, lostSandboxUid: "" };
const next = { generation: 2, lostSandboxUid: "box" };

describe("judgeHeld", () => {
  it("renews a living sandbox, also for a claimant that says it is lost", () => {
    expect(judgeHeld(alive, again, true)).toEqual({ kind: "renew" });
    expect(judgeHeld(alive, next, true)).toEqual({ kind: "renew" });
  });

  it("calls the agent's own kill by its name, whatever is asked", () => {
    const verdict = {
      kind: "failed",
      code: "sandbox_killed",
      details: { exit_code: "137", signal: "SIGKILL" },
    };
    expect(judgeHeld(killed, again, true)).toEqual(verdict);
    expect(judgeHeld(killed, next, true)).toEqual(verdict);
  });

  it("replaces a lost sandbox only for the next generation of a replay that names it", () => {
    const failed = { kind: "failed", code: "sandbox_lost", details: { reason: "power cut" } };
    expect(judgeHeld(lost, next, true)).toEqual({ kind: "replace" });
    expect(judgeHeld(lost, next, false)).toEqual(failed);
    expect(judgeHeld(lost, again, true)).toEqual(failed);
    expect(judgeHeld(lost, { generation: 2, lostSandboxUid: "other" }, true)).toEqual(failed);
    expect(judgeHeld(lost, { generation: 1, lostSandboxUid: "box" }, true)).toEqual(failed);
    expect(judgeHeld(lost, { generation: 3, lostSandboxUid: "box" }, true)).toEqual(failed);
  });

  it("takes a grader's word for a loss", () => {
    expect(judgeHeld({ ...alive, purpose: "grade" }, next, false)).toEqual({ kind: "replace" });
  });

  it("gives what the attempt has to a driver that does not know of the last generation", () => {
    const older = { generation: 0, lostSandboxUid: "" };
    expect(judgeHeld(alive, older, true)).toEqual({ kind: "renew" });
    expect(judgeHeld(lost, older, true)).toMatchObject({ kind: "failed", code: "sandbox_lost" });
    expect(judgeHeld(killed, older, true)).toMatchObject({ kind: "failed", code: "sandbox_killed" });
    const replaying = { generation: 1, lostSandboxUid: "the one before" };
    expect(judgeHeld(alive, replaying, true)).toEqual({ kind: "renew" });
    expect(judgeHeld(lost, replaying, true)).toEqual({ kind: "replace" });
    expect(judgeHeld(lost, replaying, false)).toMatchObject({ kind: "failed", code: "sandbox_lost" });
  });

  it("sends a grader of an older generation away", () => {
    const older = { generation: 0, lostSandboxUid: "" };
    expect(judgeHeld({ ...alive, purpose: "grade" }, older, true)).toEqual({ kind: "gone" });
  });
});

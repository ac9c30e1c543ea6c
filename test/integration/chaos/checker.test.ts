import { describe, expect, it } from "vitest";
import { checkRun } from "../../chaos/checker/check-run.ts";
import type { Evidence } from "../../chaos/checker/evidence.ts";
import type { SeenOutcome } from "../../chaos/checker/seen-outcome.ts";
import type { RawMessage } from "../../chaos/world/raw-bus.ts";
import {
  attached,
  evidenceOf,
  failedOutcome,
  goodRun,
  returned,
  sampled,
} from "../../support/chaos/planted-run.ts";
import type { PlantedRun } from "../../support/chaos/planted-run.ts";

const run = goodRun();

const kindsOf = (planted: PlantedRun, spoil?: (message: RawMessage) => RawMessage): readonly string[] => [
  ...new Set(checkRun(evidenceOf(planted, spoil)).map(({ kind }) => kind)),
];

const withEvidence = (change: Partial<Evidence>): PlantedRun => ({
  ...run,
  evidence: { ...run.evidence, ...change },
});

const withChain = (...chain: readonly SeenOutcome[]): PlantedRun =>
  withEvidence({ outcomes: new Map([[0, chain]]) });

/** With the message at a place of the log replaced by others. */
const withMessages = (at: number, ...messages: PlantedRun["messages"]): PlantedRun => ({
  ...run,
  messages: [...run.messages.slice(0, at), ...messages, ...run.messages.slice(at + 1)],
});

const [line] = run.evidence.results;
const [outcome] = run.evidence.outcomes.get(0) ?? [];
if (line === undefined || outcome === undefined) throw new Error("the good run has no end");
const otherReward = outcome.reward === 1 ? 0 : 1;

describe("the checker of chaos runs", () => {
  it("finds nothing in a run that kept the promise", () => {
    expect(checkRun(evidenceOf(run))).toEqual([]);
  });

  it("finds a rollout without an outcome, with attempts left, or without a result", () => {
    expect(kindsOf(withChain())).toEqual(["lost"]);
    expect(kindsOf(withChain(failedOutcome()))).toContain("lost");
    expect(kindsOf(withEvidence({ results: [] }))).toEqual(["lost"]);
    expect(kindsOf(withEvidence({ trajectories: [] }))).toEqual(["lost"]);
  });

  it("finds a second outcome of an attempt, an outcome after the grade, and a second result", () => {
    expect(kindsOf(withChain(outcome, outcome))).toContain("duplicated");
    expect(kindsOf(withChain(outcome, failedOutcome({ attempt: 1 })))).toContain("duplicated");
    expect(kindsOf(withEvidence({ results: [line, line] }))).toEqual(["duplicated"]);
  });

  it("finds a reward that the log does not bear out", () => {
    expect(kindsOf(withChain({ ...outcome, reward: otherReward }))).toContain("invented");
    expect(kindsOf(withChain({ ...outcome, contradiction: "its reward is 1 in the header" }))).toContain(
      "invented",
    );
    expect(kindsOf(withChain({ ...outcome, completionTokens: 1 }))).toEqual(["invented"]);
    expect(kindsOf(withEvidence({ results: [{ ...line, reward: otherReward }] }))).toEqual(["invented"]);
  });

  it("finds a reward of an attempt that failed, and a grade of one that never stopped", () => {
    expect(kindsOf(withChain(failedOutcome({ reward: 0 })))).toContain("invented");
    const failed = withMessages(6, [
      { case: "attemptFailed", value: { failureClass: "model", code: "model_timeout" } },
    ]);
    expect(kindsOf(failed)).toEqual(["invented"]);
  });

  it("finds a turn that the model never gave", () => {
    expect(kindsOf(withEvidence({ model: run.evidence.model.slice(1) }))).toEqual(["invented"]);
  });

  it("finds a turn that was asked for again after it was on record, but for one that a superseded driver asked", () => {
    const again = withEvidence({ model: [...run.evidence.model, { at: 5000, rollout: 0, turn: 0, id: 99 }] });
    expect(kindsOf(again)).toEqual(["re-sampled turns"]);
    const [opening = []] = run.messages;
    const takenOver: PlantedRun = {
      ...again,
      messages: [opening, [attached("two")], ...run.messages.slice(1)],
    };
    expect(kindsOf(takenOver)).toEqual([]);
  });

  it("finds a turn that is on record twice", () => {
    expect(kindsOf(withMessages(2, [returned(0, "noted 0.0.0.71")], [sampled(0, "again")]))).toContain(
      "re-sampled turns",
    );
  });

  it("finds a tool that ran twice, without a record, or never", () => {
    expect(kindsOf(withMessages(4, [returned(1, "0.0.0.71\n0.0.0.71\n")]))).toEqual(["tools run twice"]);
    expect(kindsOf(withMessages(4, [returned(1, "0.0.0.71\n0.0.0.9\n")]))).toEqual(["invented"]);
    expect(kindsOf(withMessages(4, [returned(1, "")]))).toEqual(["invented"]);
  });

  it("finds what is left over", () => {
    expect(kindsOf(withEvidence({ retired: new Map([["rollyard.leases.box", false]]) }))).toEqual([
      "leaked sandboxes",
    ]);
    expect(kindsOf(withEvidence({ leftovers: ["process sandboxd 17"] }))).toEqual(["leaked processes"]);
    expect(kindsOf(withEvidence({ leftovers: ["folder rollyard-0-1"] }))).toEqual(["leaked sandboxes"]);
  });

  it("finds a log that is not what its digests say, or goes on after its seal", () => {
    const spoil = (message: RawMessage): RawMessage =>
      message.sequence === 3
        ? { ...message, headers: new Map([...message.headers, ["Rollyard-H", "00"]]) }
        : message;
    expect(kindsOf(run, spoil)).toEqual(["damaged logs"]);
    const seal = run.messages.at(-1) ?? [];
    expect(kindsOf(withMessages(6, seal, [attached("late")]))).toEqual(["damaged logs"]);
  });

  it("finds a message that no driver has written", () => {
    const spoil = (message: RawMessage): RawMessage =>
      message.sequence === 3 ? { ...message, headers: new Map() } : message;
    expect(kindsOf(run, spoil)).toContain("invented");
  });

  it("finds a failure that does not say why, one of our own, and a kill of the agent's that counts as a failure", () => {
    expect(kindsOf(withChain(failedOutcome({ failureReason: "" })))).toContain("unexplained failures");
    expect(kindsOf(withChain(failedOutcome({ failureClass: "internal" })))).toContain("failures of our own");
    expect(kindsOf(withChain(failedOutcome({ failureCode: "sandbox_killed" })))).toContain("invented");
  });
});

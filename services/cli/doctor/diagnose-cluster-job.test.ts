import { describe, expect, it } from "vitest";
import { shownStatus } from "../cluster/job-status.ts";
import { diagnoseClusterJob } from "./diagnose-cluster-job.ts";
import type { ClusterJobFacts } from "./diagnose-cluster-job.ts";

const condition = (type: string, reason: string, message: string, status = "True") => ({
  type,
  status,
  reason,
  message,
});

function facts(status: object, more: Partial<ClusterJobFacts> = {}): ClusterJobFacts {
  return {
    job: "math",
    namespace: "team",
    status: shownStatus({ status: status as never }),
    failures: {},
    environment: [],
    command: "rollyard",
    ...more,
  };
}

const told = (status: object, more?: Partial<ClusterJobFacts>) =>
  diagnoseClusterJob(facts(status, more)).map(({ isProblem, code, action }) => [isProblem, code, action]);

describe("diagnoseClusterJob", () => {
  it("has nothing against a job that goes on, or has ended with all its rewards", () => {
    const rollouts = { total: 8, graded: 3, active: 5 };
    expect(told({ rollouts, conditions: [condition("Progressing", "Dispatching", "")] })).toEqual([
      [false, "running", null],
    ]);
    expect(told({ rollouts, conditions: [condition("Complete", "AllGraded", "All.")] })).toEqual([
      [false, "ended", null],
    ]);
  });

  it("says how to run again what has no reward, and by which classes it failed", () => {
    const status = {
      rollouts: { total: 8, graded: 5, failed: 3 },
      conditions: [condition("Complete", "SomeUngraded", "3 of 8.")],
    };
    expect(told(status, { failures: { model: 2, cancelled: 1, tool: 0 } })).toEqual([
      [true, "ended_ungraded", "3 rollouts have no reward: mend the cause, then rollyard retry math -n team"],
      [true, "failures", expect.stringMatching(/endpoint is up.*rollyard results math -n team/u)],
      [false, "failures", null],
    ]);
  });

  it("names what a job waits for, of its own and of its Environment", () => {
    const status = { conditions: [condition("DatasetNotFound", "NotUploaded", "No rows.")] };
    const environment = [
      condition("Ready", "StartFailing", "No image.", "False"),
      condition("StartFailing", "StartFailing", "No image."),
      condition("Terminating", "No", "", "False"),
    ];
    expect(told(status, { environment })).toEqual([
      [false, "waiting", null],
      [true, "DatasetNotFound", expect.stringContaining("rollyard submit")],
      [true, "environment_Ready", "Mend the Environment."],
      [true, "environment_StartFailing", "Mend the Environment."],
    ]);
  });

  it("tells a job that nobody looks at from one that is suspended", () => {
    expect(told({})).toEqual([[true, "unseen", expect.stringContaining("get pods")]]);
    const status = { rollouts: { total: 1 }, conditions: [condition("Suspended", "Suspended", "")] };
    expect(told(status)).toEqual([
      [true, "suspended", "It goes on with: rollyard cancel math -n team --resume"],
    ]);
  });
});

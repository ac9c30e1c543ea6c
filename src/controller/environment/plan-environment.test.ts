import { describe, expect, it } from "vitest";
import { planEnvironment } from "./plan-environment.ts";
import type { EnvironmentView } from "./plan-environment.ts";

const served: EnvironmentView = {
  isDeleting: false,
  hasFinalizer: true,
  generation: 3,
  hasImage: true,
  isPolicyRight: true,
  broker: { generation: 3, isDraining: false },
  holders: 0,
  isEmpty: false,
};
const deleted: EnvironmentView = { ...served, isDeleting: true, generation: 4 };

describe("planEnvironment", () => {
  it.each([
    ["rests when all is as it should be", {}, "rest"],
    [
      "adds its finalizer before anything that has to be removed",
      { hasFinalizer: false, broker: null },
      "add_finalizer",
    ],
    ["shuts sandboxes off before there are any", { isPolicyRight: false, broker: null }, "write_policy"],
    ["puts a changed policy back while sandboxes run", { isPolicyRight: false }, "write_policy"],
    ["starts a broker", { broker: null }, "start_broker"],
    ["starts none without an image", { broker: null, hasImage: false }, "rest"],
    ["starts none by a spec that can't be read", { broker: null, generation: null }, "rest"],
    ["lets a broker work by a changed spec", { generation: 4 }, "update_broker"],
    ["lets a broker go on by its last spec when the new one can't be read", { generation: null }, "rest"],
  ] as const)("%s", (_name, change, step) => {
    expect(planEnvironment({ ...served, ...change })).toBe(step);
  });

  it.each([
    ["keeps no sandbox ready while jobs use it", { holders: 2 }, "drain_broker"],
    ["serves those jobs on", { holders: 2, broker: { generation: 3, isDraining: true } }, "rest"],
    ["serves them under a new leader too", { holders: 2, broker: null }, "start_broker"],
    ["keeps them shut off", { holders: 2, isPolicyRight: false }, "write_policy"],
    ["decides nothing before all jobs are known", { holders: null, broker: null }, "rest"],
    ["stops the broker once nobody uses it", {}, "stop_broker"],
    ["then removes pods and policy", { broker: null }, "remove_children"],
    ["then lets the object go", { broker: null, isEmpty: true }, "remove_finalizer"],
    ["stops the broker of one whose finalizer somebody else took", { hasFinalizer: false }, "stop_broker"],
    [
      "has nothing left to do when the object is about to vanish",
      { hasFinalizer: false, broker: null },
      "rest",
    ],
    [
      "lets one go whose spec was never valid",
      { generation: null, broker: null, isEmpty: true },
      "remove_finalizer",
    ],
  ] as const)("of a deleted Environment: %s", (_name, change, step) => {
    expect(planEnvironment({ ...deleted, ...change })).toBe(step);
  });
});

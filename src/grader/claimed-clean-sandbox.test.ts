import { describe, expect, it } from "vitest";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { ClaimOutcome, SandboxClaim } from "../rollout/sandbox-lease.ts";
import type { SandboxSession } from "../sandbox/port.ts";
import { ClaimedCleanSandbox } from "./claimed-clean-sandbox.ts";
import type { GradeTask } from "./grade-request.ts";

const { signal } = new AbortController();

/** A broker that gives box-0, box-1, … by generation; claims and closings are noted. */
function notedSandbox() {
  const done: string[] = [];
  const claim = async ({ generation, lostSandboxUid }: SandboxClaim): Promise<ClaimOutcome> => {
    done.push(`claim ${generation} after ${lostSandboxUid ?? "none"}`);
    const sandboxUid = `box-${generation}`;
    const session = { sandboxUid } as unknown as SandboxSession;
    const lease = { sandboxUid, generation, source: "cold", waitedMs: 0 } as const;
    return { kind: "leased", session, lease, close: async () => void done.push(`close ${generation}`) };
  };
  const task = { ref: {}, lastSequence: 7 } as unknown as GradeTask;
  const sandbox = new ClaimedCleanSandbox(task, { claim, release: () => undefined });
  const use = (company: "shared" | "alone") =>
    sandbox.use(company, signal, async ({ sandboxUid }) => sandboxUid);
  return { sandbox, use, done };
}

describe("the clean sandboxes of a grading", () => {
  it("are one for all whose code is the author's", async () => {
    const { use, done } = notedSandbox();
    expect(await Promise.all([use("shared"), use("shared")])).toEqual(["box-0", "box-0"]);
    expect(done).toEqual(["claim 0 after none"]);
  });

  it("are another one for each run of the agent's code, which nobody used before or uses after", async () => {
    const { use } = notedSandbox();
    const used = [await use("shared"), await use("alone"), await use("alone"), await use("shared")];
    expect(used).toEqual(["box-0", "box-1", "box-2", "box-3"]);
  });

  it("are replaced when they were lost, once", async () => {
    const { sandbox, use, done } = notedSandbox();
    const lose = () => sandbox.use("shared", signal, () => Promise.reject(new RollyardError("sandbox_lost")));
    await Promise.allSettled([lose(), lose()]);
    expect(await use("shared")).toBe("box-1");
    expect(done).toEqual(["claim 0 after none", "close 0", "claim 1 after box-0"]);
  });
});

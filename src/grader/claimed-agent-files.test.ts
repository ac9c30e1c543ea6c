import { describe, expect, it } from "vitest";
import { RollyardError } from "../errors/rollyard-error.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import type { ClaimOutcome, SandboxClaim } from "../rollout/sandbox-lease.ts";
import type { AttemptState } from "../rollout/state.ts";
import type { SandboxSession } from "../sandbox/port.ts";
import type { SandboxTree } from "../sandbox/sandbox-tree.ts";
import { ClaimedAgentFiles } from "./claimed-agent-files.ts";
import type { WantedAgentFiles } from "./claimed-agent-files.ts";

const { signal } = new AbortController();
const content = new TextEncoder().encode("x");
const tree: SandboxTree = { kind: "files", files: [{ path: "", content, isExecutable: false }] };

/** An attempt that had these sandboxes, and a broker that answers so; what was done is noted. */
function noted(
  outcome: ClaimOutcome["kind"] | RollyardError,
  leased: string | null = "box",
  reason = "answered",
) {
  const done: string[] = [];
  const session = {
    sandboxUid: "box",
    freeze: async () => void done.push("freeze"),
    readTree: async (path: string) => {
      done.push(`read ${path}`);
      return tree;
    },
  } as unknown as SandboxSession;
  const claim = async ({ purpose, epoch, generation }: SandboxClaim): Promise<ClaimOutcome> => {
    done.push(`claim ${purpose} ${epoch} ${generation}`);
    if (outcome instanceof RollyardError) return { kind: "failed", failure: failureRecord(outcome) };
    if (outcome !== "leased") return { kind: "gone" };
    const lease = { sandboxUid: "box", generation: 2, source: "cold", waitedMs: 0 } as const;
    return { kind: "leased", session, lease, close: async () => void done.push("close") };
  };
  const sandboxes =
    leased === null ? [] : [{ sandboxUid: leased, generation: 2, source: "cold", waitedMs: 0 }];
  const wanted = {
    task: { ref: {}, lastSequence: 7 },
    attempt: { sandboxes, seal: { kind: "stopped", reason } } as unknown as AttemptState,
    paths: ["a", "b"],
  } as unknown as WantedAgentFiles;
  const files = new ClaimedAgentFiles(wanted, { claim, release: () => void done.push("release") });
  return { files, done };
}

describe("the files of an agent", () => {
  it("are read once, all of them, out of its frozen sandbox, which is given back then", async () => {
    const { files, done } = noted("leased");
    expect(await Promise.all([files.take("b", signal), files.take("a", signal)])).toEqual([tree, tree]);
    expect(await files.take("a", signal)).toEqual(tree);
    expect(done).toEqual(["claim agent 7 2", "freeze", "read a", "read b", "close", "release"]);
  });

  it("are those that a fresh sandbox has, where the agent called no tool", async () => {
    const { files, done } = noted("leased", null);
    expect(await files.take("a", signal)).toEqual(tree);
    expect(done[0]).toBe("claim agent 7 0");
  });

  it("are absent where the agent ended its sandbox, on record or by what the broker says", async () => {
    const killed = noted("leased", "box", "sandbox_killed");
    expect(await killed.files.take("a", signal)).toEqual({ kind: "absent", ended: true });
    expect(killed.done).toEqual([]);
    const told = noted(new RollyardError("sandbox_killed"));
    expect(await told.files.take("a", signal)).toEqual({ kind: "absent", ended: true });
  });

  it.each([
    ["the broker lost its sandbox", new RollyardError("sandbox_lost"), "box"],
    ["an earlier grader gave it back", "gone", "box"],
    ["the broker knows it no more and gives another one", "leased", "other"],
  ] as const)("are lost with class sandbox where %s", async (_case, outcome, leased) => {
    const { files } = noted(outcome, leased);
    await expect(files.take("a", signal)).rejects.toMatchObject({
      code: "sandbox_lost",
      failureClass: "sandbox",
    });
  });
});

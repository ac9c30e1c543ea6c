import { RollyardError } from "../errors/rollyard-error.ts";
import { errorOfFailure } from "../rollout/failure-record.ts";
import type { ClaimOutcome, SandboxClaims } from "../rollout/sandbox-lease.ts";
import { claimOfCurrent } from "../rollout/recover-sandbox.ts";
import type { AttemptState } from "../rollout/state.ts";
import type { SandboxTree } from "../sandbox/sandbox-tree.ts";
import { AGENT_FILES_LIMITS } from "./agent-files.ts";
import type { AgentFiles } from "./agent-files.ts";
import type { GradeTask } from "./grade-request.ts";
import { isSandboxFailure } from "./sandbox-failure.ts";

/** Whose files, and which of them. */
export interface WantedAgentFiles {
  readonly task: GradeTask;
  readonly attempt: AttemptState;
  /** Every path that the graders may ask for. */
  readonly paths: readonly string[];
}

type Trees = ReadonlyMap<string, SandboxTree>;

/**
 * Reads all of the files at once, when the first is asked for, out of the agent's frozen sandbox, and gives that back
 * before graders ask for clean ones: frozen sandboxes and what waits for room would block each other.
 */
export class ClaimedAgentFiles implements AgentFiles {
  readonly #wanted: WantedAgentFiles;
  readonly #claims: SandboxClaims;
  #taking: Promise<Trees> | null = null;

  constructor(wanted: WantedAgentFiles, claims: SandboxClaims) {
    this.#wanted = wanted;
    this.#claims = claims;
  }

  async take(path: string, signal: AbortSignal): Promise<SandboxTree> {
    const taking = (this.#taking ??= this.#takeAll(signal));
    try {
      const tree = (await taking).get(path);
      if (tree === undefined) throw new RollyardError("internal", { details: { where: "agent files" } });
      return tree;
    } catch (error) {
      if (this.#taking === taking) this.#taking = null;
      throw error;
    }
  }

  async #takeAll(signal: AbortSignal): Promise<Trees> {
    const { task, attempt, paths } = this.#wanted;
    const { seal } = attempt;
    if (seal?.kind === "stopped" && seal.reason === "sandbox_killed") return absent(paths);
    try {
      const claim = { ref: task.ref, purpose: "agent", epoch: task.lastSequence } as const;
      const outcome = await this.#claims.claim({ ...claim, ...claimOfCurrent(attempt) }, signal);
      signal.throwIfAborted();
      const trees = await readTrees(requireOwn(outcome, attempt), paths);
      this.#claims.release(task.ref);
      return trees;
    } catch (error) {
      // The agent can end its sandbox, so that there is nothing to grade; what is absent gets no points.
      if (isSandboxFailure(error) && error.code === "sandbox_killed") return absent(paths);
      throw error;
    }
  }
}

/** The sandbox on record. An attempt that had none, as it called no tool, gets one as its agent would have seen it. */
function requireOwn(
  outcome: ClaimOutcome,
  { sandboxes }: AttemptState,
): Extract<ClaimOutcome, { kind: "leased" }> {
  if (outcome.kind === "failed") throw errorOfFailure(outcome.failure);
  const last = sandboxes.at(-1);
  if (outcome.kind === "leased" && (last === undefined || last.sandboxUid === outcome.lease.sandboxUid))
    return outcome;
  if (outcome.kind === "leased") void outcome.close();
  throw new RollyardError("sandbox_lost", { details: { reason: "gone before its files were read" } });
}

async function readTrees(
  { session, close }: Extract<ClaimOutcome, { kind: "leased" }>,
  paths: readonly string[],
): Promise<Trees> {
  try {
    await session.freeze();
    const trees = new Map<string, SandboxTree>();
    for (const path of paths) trees.set(path, await session.readTree(path, AGENT_FILES_LIMITS));
    return trees;
  } finally {
    await close();
  }
}

/** Of a sandbox that its agent ended. */
function absent(paths: readonly string[]): Trees {
  return new Map(paths.map((path) => [path, { kind: "absent", ended: true }]));
}

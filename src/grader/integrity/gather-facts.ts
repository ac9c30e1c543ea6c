import type { CommandRun } from "../command/command-run.ts";
import type { GradeDeps, GradeInput } from "../port.ts";
import type { IntegrityFacts, Unread } from "./integrity-check.ts";
import { writtenCode } from "./written-code.ts";

/** What of a grading the facts are gathered from. */
export interface FactSources {
  readonly input: GradeInput;
  readonly commands: readonly CommandRun[];
  /** Paths of the author's files whose copies in the agent's sandbox are asked for. */
  readonly copyPaths: readonly string[];
}

/** Gathers all that checks look at. Rejects as `AgentFiles.take`. */
export async function gatherFacts(
  { input, commands, copyPaths }: FactSources,
  deps: Pick<GradeDeps, "agentFiles" | "signal">,
): Promise<IntegrityFacts> {
  const copies = await takeCopies(copyPaths, deps);
  const { sample, trajectory } = input;
  const files = commands.flatMap((command) => command.agentFiles);
  const { sources, tests, isTooMuch } = writtenCode(files, sample.output_text);
  const reasons: readonly (Unread | null)[] = [
    ...commands.map(({ unread }) => unread),
    copies.isEnded ? "ended" : null,
    isTooMuch ? "too_much_code" : null,
  ];
  return {
    calls: trajectory.calls,
    answer: sample.output_text,
    reasoning: sample.output_reasoning_summary ?? "",
    sources,
    tests,
    unread: reasons.find((reason) => reason !== null) ?? null,
    commands,
    agentCopies: copies.found,
  };
}

interface Copies {
  readonly found: ReadonlyMap<string, Uint8Array>;
  /** The agent ended its sandbox. */
  readonly isEnded: boolean;
}

async function takeCopies(
  paths: readonly string[],
  { agentFiles, signal }: Pick<GradeDeps, "agentFiles" | "signal">,
): Promise<Copies> {
  const found = new Map<string, Uint8Array>();
  let isEnded = false;
  for (const path of paths) {
    const tree = await agentFiles.take(path, signal);
    // A folder, a link or something huge in place of the file is another file, too.
    if (tree.kind === "refused") found.set(path, new Uint8Array());
    if (tree.kind === "files") found.set(path, fileOf(tree.files));
    if (tree.kind === "absent") isEnded ||= tree.ended === true;
  }
  return { found, isEnded };
}

function fileOf(files: readonly { readonly path: string; readonly content: Uint8Array }[]): Uint8Array {
  return files.find(({ path }) => path === "")?.content ?? new Uint8Array();
}

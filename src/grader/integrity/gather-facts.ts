import type { CommandRun } from "../command/command-run.ts";
import type { GradeDeps, GradeInput } from "../port.ts";
import type { IntegrityFacts } from "./integrity-check.ts";
import { sourceOfFile, sourcesOfAnswer } from "./source-files.ts";

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
  { agentFiles, signal }: Pick<GradeDeps, "agentFiles" | "signal">,
): Promise<IntegrityFacts> {
  const agentCopies = new Map<string, Uint8Array>();
  for (const path of copyPaths) {
    const tree = await agentFiles.take(path, signal);
    // A folder, a link or something huge in place of the file is another file, too.
    if (tree.kind === "refused") agentCopies.set(path, new Uint8Array());
    if (tree.kind === "files") agentCopies.set(path, fileOf(tree.files));
  }
  const { sample, trajectory } = input;
  const files = commands.flatMap((command) => command.agentFiles);
  return {
    calls: trajectory.calls,
    answer: sample.output_text,
    reasoning: sample.output_reasoning_summary ?? "",
    sources: [
      ...files.flatMap(({ path, content }) => sourceOfFile(path, content) ?? []),
      ...sourcesOfAnswer(sample.output_text),
    ],
    commands,
    agentCopies,
  };
}

function fileOf(files: readonly { readonly path: string; readonly content: Uint8Array }[]): Uint8Array {
  return files.find(({ path }) => path === "")?.content ?? new Uint8Array();
}

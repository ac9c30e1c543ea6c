import path from "node:path";
import type { GraderAssets } from "../grader/command/grader-file.ts";
import { problemsUnder } from "../lib/schema/spec-problem.ts";
import { loadGraderAssets } from "./grader-assets.ts";
import type { LoadedDocuments } from "./load-documents.ts";
import { problemAt } from "./problem.ts";
import type { Problem } from "./problem.ts";
import type { Documents } from "./read-documents.ts";

/** The own files of an environment's graders, out of folders beside its file and out of the given ConfigMaps. Never throws. */
export async function readLocalAssets(
  { source, value }: Documents["environments"][number],
  { documents }: Pick<LoadedDocuments, "documents">,
): Promise<{ readonly assets: GraderAssets; readonly problems: readonly Problem[] }> {
  const { assets, problems } = await loadGraderAssets(value.spec, {
    folderOf: (folder) => path.resolve(source.folder, folder),
    configMapOf: async (name) =>
      documents.configMaps.find((each) => each.value.metadata.name === name)?.value ?? null,
  });
  return {
    assets,
    problems: problemsUnder(["spec", "grader"], problems).map((problem) => problemAt(source, problem)),
  };
}

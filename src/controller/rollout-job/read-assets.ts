import { loadGraderAssets } from "../../config/grader-assets.ts";
import type { AssetsConfigMap } from "../../config/grader-assets.ts";
import type { EnvironmentSpec } from "../../environment/environment.ts";
import type { GraderAssets } from "../../grader/command/grader-file.ts";
import { CONFIG_MAPS } from "../../kube/api-resources.ts";
import type { KubeObject } from "../../kube/kube-object.ts";
import { pathText } from "../../lib/schema/path-text.ts";
import { blocked } from "./blocked.ts";
import type { Blocked } from "./blocked.ts";
import type { DatasetDeps, DatasetOwner } from "./read-dataset.ts";

/** The own files of an environment's graders. */
export interface ReadAssets {
  readonly kind: "assets";
  readonly assets: GraderAssets;
}

type AssetsObject = KubeObject & AssetsConfigMap;

/** Reads them out of the job's namespace. Rejects when the API server does not answer. */
export async function readAssets(
  { client }: Pick<DatasetDeps, "client">,
  { namespace, spec }: Pick<DatasetOwner, "namespace" | "spec">,
  environment: EnvironmentSpec,
): Promise<ReadAssets | Blocked> {
  const { assets, problems } = await loadGraderAssets(environment, {
    folderOf: null,
    configMapOf: (name) => client.get<AssetsObject>(CONFIG_MAPS, { namespace, name }),
  });
  const [problem] = problems;
  if (problem === undefined) return { kind: "assets", assets };
  const { name } = spec.environmentRef;
  const place = pathText(["spec", "grader", ...problem.path]);
  return blocked(
    "EnvironmentNotFound",
    "GraderFilesNotFound",
    `Environment "${name}" can't be used: ${place} ${problem.message}.`,
  );
}

import { environmentProblems } from "../../config/check-environment.ts";
import { namedSecrets } from "../../config/secrets-service.ts";
import type { NamedSecrets } from "../../config/secrets-service.ts";
import type { EnvironmentSpec } from "../../environment/environment.ts";
import type { GraderAssets } from "../../grader/command/grader-file.ts";
import type { RolloutJobSpec } from "../../job/rollout-job.ts";
import { SECRETS } from "../../kube/api-resources.ts";
import type { KubeObject } from "../../kube/kube-object.ts";
import type { JsonObject } from "../../lib/json.ts";
import { pathText } from "../../lib/schema/path-text.ts";
import type { EnvironmentSight, ReadyEnvironment } from "../environment/ready-environment.ts";
import { blocked } from "./blocked.ts";
import type { Blocked } from "./blocked.ts";
import { readAssets } from "./read-assets.ts";
import { readDataset } from "./read-dataset.ts";
import type { Awaited, DatasetDeps, DatasetOwner } from "./read-dataset.ts";

/** Everything that a job refers to, as it is now. */
export interface ResolvedReferences {
  readonly kind: "resolved";
  readonly environment: ReadyEnvironment;
  readonly rows: readonly JsonObject[];
  /** Own files of its graders. */
  readonly graderAssets: GraderAssets;
}

/**
 * Finds what a job refers to: its environment, the secrets that both name, and its dataset, row by row. Rejects when the API
 * server or the bus does not answer.
 */
export async function resolveReferences(
  deps: DatasetDeps,
  job: DatasetOwner,
  sight: EnvironmentSight,
): Promise<ResolvedReferences | Blocked | Awaited> {
  const environment = usableEnvironment(job.spec.environmentRef.name, sight);
  if (environment.kind === "blocked") return environment;
  const { spec } = environment.ready;
  const missing = await missingSecret(deps, job, spec);
  if (missing !== null) return missing;
  const assets = await readAssets(deps, job, spec);
  if (assets.kind === "blocked") return assets;
  const dataset = await readDataset(deps, job, spec);
  if (dataset.kind !== "rows") return dataset;
  return {
    kind: "resolved",
    environment: environment.ready,
    rows: dataset.rows,
    graderAssets: assets.assets,
  };
}

/** Whether an environment is one that a job can begin on. Pure. */
export function usableEnvironment(
  name: string,
  sight: EnvironmentSight,
): { readonly kind: "usable"; readonly ready: ReadyEnvironment } | Blocked {
  const no = (reason: string, message: string): Blocked => blocked("EnvironmentNotFound", reason, message);
  if (sight.kind === "missing") return no("NoSuchEnvironment", `There is no Environment "${name}".`);
  if (sight.kind === "invalid") {
    return no("EnvironmentInvalid", `Environment "${name}" can't be used: ${sight.message}`);
  }
  const { environment } = sight;
  if (environment.isTerminating)
    return no("EnvironmentTerminating", `Environment "${name}" is being deleted.`);
  if (environment.spec.sandbox.image === undefined) {
    return no("ImageRequired", `Environment "${name}" has no spec.sandbox.image, which a cluster needs.`);
  }
  const plain = JSON.parse(JSON.stringify(environment.spec)) as JsonObject;
  const [problem] = environmentProblems(plain);
  if (problem === undefined) return { kind: "usable", ready: environment };
  const place = pathText(["spec", ...problem.path]);
  return no("EnvironmentInvalid", `Environment "${name}" can't be used: ${place} ${problem.message}.`);
}

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

async function missingSecret(
  { client }: DatasetDeps,
  { namespace, spec }: DatasetOwner,
  environment: EnvironmentSpec,
): Promise<Blocked | null> {
  const { keys, whole } = secretsOf(spec, environment);
  for (const name of new Set([...keys, ...whole].map((reference) => reference.name))) {
    const secret = await client.get<Secret>(SECRETS, { namespace, name });
    if (secret === null) {
      return blocked("SecretNotFound", "NoSuchSecret", `There is no Secret "${name}" in ${namespace}.`);
    }
    const absent = keys.find((each) => each.name === name && secret.data?.[each.key] === undefined);
    if (absent !== undefined) {
      return blocked("SecretNotFound", "NoSuchKey", `Secret "${name}" has no key "${absent.key}".`);
    }
  }
  return null;
}

function secretsOf(job: RolloutJobSpec, environment: EnvironmentSpec): NamedSecrets {
  const specs = { job, environment };
  const [worker, grader] = [namedSecrets("worker", specs), namedSecrets("grader", specs)];
  return { keys: [...worker.keys, ...grader.keys], whole: [...worker.whole, ...grader.whole] };
}

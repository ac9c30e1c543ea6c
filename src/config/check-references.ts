import { listOrEmpty, objectOrEmpty, textOrUndefined } from "../lib/half-valid.ts";
import type { JsonObject, JsonValue } from "../lib/json.ts";
import { didYouMean } from "../lib/nearest-name.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";
import { documentName } from "./parse-yaml.ts";
import type { RawDocument } from "./parse-yaml.ts";
import { problemAt } from "./problem.ts";
import type { Problem } from "./problem.ts";
import type { SecretStore } from "./secret-store.ts";

/** What references may point to: all documents, valid or not, and the secrets that were given. */
export interface ReferenceTargets {
  readonly documents: readonly RawDocument[];
  readonly secrets: SecretStore;
  readonly secretsFor?: SecretsFor;
}

/**
 * Whose secrets must have been given: those of all references (default), of none, or of one tool only, by its name.
 * A command that tries a part needs no key of the others.
 */
export type SecretsFor = "all" | "none" | { readonly tool: string };

/** Names that are used twice, and references to what was not given. Bears documents that are not valid. */
export function referenceProblems(targets: ReferenceTargets): Problem[] {
  return [
    ...duplicateProblems(targets.documents),
    ...targets.documents.flatMap((document) =>
      missingReferences(document, targets).map((problem) => problemAt(document.source, problem)),
    ),
  ];
}

function duplicateProblems(documents: readonly RawDocument[]): Problem[] {
  const first = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { source, kind, value } of documents) {
    const name = documentName(value);
    if (kind === undefined || name === undefined) continue;
    const elsewhere = first.get(`${kind}/${name}`);
    if (elsewhere === undefined) first.set(`${kind}/${name}`, source.file);
    else {
      const message = `another ${kind} of this name is in ${elsewhere}`;
      problems.push(problemAt(source, { path: ["metadata", "name"], message }));
    }
  }
  return problems;
}

function missingReferences({ kind, value }: RawDocument, targets: ReferenceTargets): SpecProblem[] {
  const spec = objectOrEmpty(objectOrEmpty(value)["spec"]);
  if (kind === "RolloutJob") return jobProblems(spec, targets);
  if (kind !== "Environment") return [];
  return environmentSecrets(spec).flatMap((reference) => secretProblems(reference, targets));
}

function jobProblems(spec: JsonObject, targets: ReferenceTargets): SpecProblem[] {
  const environment = objectOrEmpty(spec["environmentRef"])["name"];
  const configMap = objectOrEmpty(objectOrEmpty(spec["dataset"])["configMap"])["name"];
  const key = objectOrEmpty(spec["model"])["apiKeySecret"];
  return [
    ...documentProblems("Environment", ["spec", "environmentRef", "name"], environment, targets),
    ...documentProblems("ConfigMap", ["spec", "dataset", "configMap", "name"], configMap, targets),
    ...keyReference(["spec", "model", "apiKeySecret"], key).flatMap((reference) =>
      secretProblems(reference, targets),
    ),
  ];
}

function documentProblems(
  kind: string,
  path: ValuePath,
  name: JsonValue | undefined,
  { documents }: ReferenceTargets,
): SpecProblem[] {
  if (typeof name !== "string") return [];
  const names = documents
    .filter((document) => document.kind === kind)
    .flatMap(({ value }) => documentName(value) ?? []);
  if (names.includes(name)) return [];
  return [{ path, message: `no ${kind} "${name}" is in the given files${didYouMean(name, names)}` }];
}

/** A place that names a secret; `key` is absent where the whole Secret is meant. */
interface SecretReference {
  readonly path: ValuePath;
  readonly name: string;
  readonly key?: string;
  /** The tool that needs it, if it has a name. */
  readonly tool?: string | undefined;
}

function environmentSecrets(spec: JsonObject): SecretReference[] {
  const ofTools = listOrEmpty(spec["tools"]).flatMap((tool, index) => {
    const { name: toolName, http } = objectOrEmpty(tool);
    const name = textOrUndefined(objectOrEmpty(objectOrEmpty(http)["headersSecret"])["name"]);
    const path = ["spec", "tools", index, "http", "headersSecret"];
    return name === undefined ? [] : [{ path, name, tool: textOrUndefined(toolName) }];
  });
  const ofJudges = Object.entries(objectOrEmpty(spec["judges"])).flatMap(([model, judge]) =>
    keyReference(["spec", "judges", model, "apiKeySecret"], objectOrEmpty(judge)["apiKeySecret"]),
  );
  const { enabled, authSecret } = objectOrEmpty(spec["serve"]);
  const ofServe = enabled === true ? keyReference(["spec", "serve", "authSecret"], authSecret) : [];
  return [...ofTools, ...ofJudges, ...ofServe];
}

function keyReference(path: ValuePath, reference: JsonValue | undefined): SecretReference[] {
  const { name, key } = objectOrEmpty(reference);
  return typeof name === "string" && typeof key === "string" ? [{ path, name, key }] : [];
}

function secretProblems(reference: SecretReference, targets: ReferenceTargets): SpecProblem[] {
  const { path, name, key } = reference;
  const { secrets, documents, secretsFor = "all" } = targets;
  const given = key === undefined ? secrets.has(name) : secrets.get({ name, key }) !== undefined;
  if (given || !isNeeded(reference, secretsFor) || isBrokenSecret(name, key, documents)) return [];
  const shown = `${name}/${key ?? "KEY"}`;
  const message = `secret ${shown} was not given; add a Secret document or --secret ${shown}=env:VARIABLE`;
  return [{ path, message }];
}

function isNeeded({ tool }: SecretReference, secretsFor: SecretsFor): boolean {
  return typeof secretsFor === "string" ? secretsFor === "all" : tool === secretsFor.tool;
}

/** A Secret document that is not valid gives no values, but its keys are not missing. */
function isBrokenSecret(name: string, key: string | undefined, documents: readonly RawDocument[]): boolean {
  return documents.some(({ kind, value }) => {
    if (kind !== "Secret" || documentName(value) !== name) return false;
    const { data, stringData } = objectOrEmpty(value);
    const keys = [...Object.keys(objectOrEmpty(data)), ...Object.keys(objectOrEmpty(stringData))];
    return key === undefined ? keys.length > 0 : keys.includes(key);
  });
}

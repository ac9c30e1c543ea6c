import { objectOrEmpty } from "../lib/half-valid.ts";
import type { JsonObject, JsonValue } from "../lib/json.ts";
import { didYouMean } from "../lib/nearest-name.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import type { SpecProblem } from "../lib/schema/spec-problem.ts";
import { documentName, documentNamespace } from "./parse-yaml.ts";
import type { RawDocument } from "./parse-yaml.ts";
import { problemAt } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { secretReferences } from "./secret-references.ts";
import type { SecretReference } from "./secret-references.ts";
import type { SecretStore } from "./secret-store.ts";

/** What references may point to: all documents, valid or not, and the secrets that were given. */
export interface ReferenceTargets {
  readonly documents: readonly RawDocument[];
  readonly secrets: SecretStore;
  /** Those of them that the command line gave: they are in every namespace. */
  readonly flagSecrets: SecretStore;
  /** `NAME/KEY` of those that the command line named and that could not be read, which is told of elsewhere. */
  readonly unreadSecrets: readonly string[];
  readonly secretsFor: SecretsFor;
}

/** Who refers to something. */
interface Referrer {
  readonly kind: string;
  readonly namespace: string;
}

/**
 * Whose secrets must have been given: those of all references, of none, of the judges only, or of one tool only, by its
 * name. A command that tries a part needs no key of the others.
 */
export type SecretsFor = "all" | "none" | "judges" | { readonly tool: string };

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
  if (kind !== "RolloutJob" && kind !== "Environment") return [];
  const referrer = { kind, namespace: documentNamespace(value) };
  const spec = objectOrEmpty(objectOrEmpty(value)["spec"]);
  return [
    ...(kind === "RolloutJob" ? jobProblems(spec, referrer, targets) : []),
    ...secretReferences({ kind, value })
      .filter(({ isOff }) => !isOff)
      .flatMap((reference) => secretProblems(reference, referrer, targets)),
  ];
}

function jobProblems(spec: JsonObject, referrer: Referrer, targets: ReferenceTargets): SpecProblem[] {
  const environment = objectOrEmpty(spec["environmentRef"])["name"];
  const configMap = objectOrEmpty(objectOrEmpty(spec["dataset"])["configMap"])["name"];
  const about = { referrer, documents: targets.documents };
  return [
    ...documentProblems(
      ["spec", "environmentRef", "name"],
      { kind: "Environment", name: environment },
      about,
    ),
    ...documentProblems(
      ["spec", "dataset", "configMap", "name"],
      { kind: "ConfigMap", name: configMap },
      about,
    ),
  ];
}

function documentProblems(
  path: ValuePath,
  { kind, name }: { readonly kind: string; readonly name: JsonValue | undefined },
  { referrer, documents }: { readonly referrer: Referrer } & Pick<ReferenceTargets, "documents">,
): SpecProblem[] {
  if (typeof name !== "string") return [];
  const ofKind = documents.filter((document) => document.kind === kind);
  const names = ofKind.flatMap(({ value }) => documentName(value) ?? []);
  if (!names.includes(name)) {
    return [{ path, message: `no ${kind} "${name}" is in the given files${didYouMean(name, names)}` }];
  }
  return namespaceProblems({ path, kind, name }, referrer, ofKind);
}

/** What is named is there, but only elsewhere. */
function namespaceProblems(
  { path, kind, name }: { readonly path: ValuePath; readonly kind: string; readonly name: string },
  referrer: Referrer,
  documents: readonly RawDocument[],
): SpecProblem[] {
  const namespaces = documents
    .filter((document) => document.kind === kind && documentName(document.value) === name)
    .map(({ value }) => documentNamespace(value));
  const [elsewhere] = namespaces;
  if (elsewhere === undefined || namespaces.includes(referrer.namespace)) return [];
  const message = `${kind} "${name}" is in namespace "${elsewhere}", and this ${referrer.kind} in "${referrer.namespace}"; references reach their own namespace only`;
  return [{ path, message }];
}

function secretProblems(
  reference: SecretReference,
  referrer: Referrer,
  targets: ReferenceTargets,
): SpecProblem[] {
  const { path, name, key } = reference;
  const { secrets, flagSecrets, documents, unreadSecrets, secretsFor } = targets;
  if (!isNeeded(reference, secretsFor) || isGiven(reference, flagSecrets)) return [];
  if (isGiven(reference, secrets))
    return namespaceProblems({ path, kind: "Secret", name }, referrer, documents);
  if (isBrokenSecret(name, key, documents) || isUnread(reference, unreadSecrets)) return [];
  const shown = `${name}/${key ?? "KEY"}`;
  const near = didYouMean(shown, secrets.names());
  const message = `secret ${shown} was not given; add a Secret document or --secret ${shown}=env:VARIABLE${near}`;
  return [{ path, message }];
}

function isGiven({ name, key }: SecretReference, secrets: SecretStore): boolean {
  return key === undefined ? secrets.has(name) : secrets.get({ name, key }) !== undefined;
}

function isUnread({ name, key }: SecretReference, unread: readonly string[]): boolean {
  return unread.some((given) =>
    key === undefined ? given.startsWith(`${name}/`) : given === `${name}/${key}`,
  );
}

function isNeeded({ tool, path }: SecretReference, secretsFor: SecretsFor): boolean {
  if (typeof secretsFor !== "string") return tool === secretsFor.tool;
  return secretsFor === "all" || (secretsFor === "judges" && path[1] === "judges");
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

import { listOrEmpty, objectOrEmpty, textOrUndefined } from "../lib/half-valid.ts";
import type { JsonObject, JsonValue } from "../lib/json.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import type { RawDocument } from "./parse-yaml.ts";

/** A place that names a secret; `key` is absent where the whole Secret is meant. */
export interface SecretReference {
  readonly path: ValuePath;
  readonly name: string;
  readonly key?: string;
  /** The tool that needs it, if it has a name. */
  readonly tool?: string | undefined;
  /** Of a part that is switched off: it may be given, and need not be. */
  readonly isOff?: boolean;
}

/** Every place of a document that names a secret. Bears documents that are not valid. */
export function secretReferences({
  kind,
  value,
}: Pick<RawDocument, "kind" | "value">): readonly SecretReference[] {
  const spec = objectOrEmpty(objectOrEmpty(value)["spec"]);
  if (kind === "Environment") return environmentSecrets(spec);
  if (kind !== "RolloutJob") return [];
  return keyReference(["spec", "model", "apiKeySecret"], objectOrEmpty(spec["model"])["apiKeySecret"]);
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
  const ofServe = keyReference(["spec", "serve", "authSecret"], authSecret).map((reference) => ({
    ...reference,
    isOff: enabled !== true,
  }));
  return [...ofTools, ...ofJudges, ...ofServe];
}

function keyReference(path: ValuePath, reference: JsonValue | undefined): SecretReference[] {
  const { name, key } = objectOrEmpty(reference);
  return typeof name === "string" && typeof key === "string" ? [{ path, name, key }] : [];
}

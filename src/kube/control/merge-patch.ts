import { canonicalJson } from "../../lib/canonical-json.ts";
import { isJsonObject } from "../../lib/json.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";

/**
 * The JSON merge patch (RFC 7396) that makes one value into another, or null when they are alike. Lists are replaced as a
 * whole; a field that the wanted value lacks, or has as null, is taken away.
 */
export function mergePatch(from: JsonObject, to: JsonObject): JsonObject | null {
  const changes = new Map<string, JsonValue>();
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const change = changeOf(from[key] ?? null, to[key] ?? null);
    if (change !== undefined) changes.set(key, change);
  }
  return changes.size === 0 ? null : Object.fromEntries(changes);
}

/** How a field has to change; undefined when it is right. Null is no value. */
function changeOf(found: JsonValue, wanted: JsonValue): JsonValue | undefined {
  if (isJsonObject(found) && isJsonObject(wanted)) return mergePatch(found, wanted) ?? undefined;
  return canonicalJson(found) === canonicalJson(wanted) ? undefined : wanted;
}

import { stringify } from "yaml";
import { objectOrEmpty, textOrUndefined } from "../../src/lib/half-valid.ts";
import { isJsonObject } from "../../src/lib/json.ts";
import type { JsonObject, JsonValue } from "../../src/lib/json.ts";

const WIDTH = 118;

/** A schema's defaults as a YAML text, with every field's description above it; a required field stands there as a comment. */
export function valuesYaml(schema: JsonObject, indent = ""): string {
  const required = Array.isArray(schema["required"]) ? (schema["required"] as readonly JsonValue[]) : [];
  return Object.entries(objectOrEmpty(schema["properties"]))
    .map(([name, value]) =>
      field({ name, schema: objectOrEmpty(value), isRequired: required.includes(name), indent }),
    )
    .join(indent === "" ? "\n" : "");
}

interface Field {
  readonly name: string;
  readonly schema: JsonObject;
  readonly isRequired: boolean;
  readonly indent: string;
}

function field({ name, schema, isRequired, indent }: Field): string {
  const comment = commentLines(textOrUndefined(schema["description"]) ?? "", indent);
  const byDefault = schema["default"];
  if (isGroup(schema)) return `${comment}${indent}${name}:\n${valuesYaml(schema, `${indent}  `)}`;
  if (byDefault !== undefined) return `${comment}${line(name, byDefault, indent)}`;
  return isRequired ? `${comment}${indent}# ${name}:   (required)\n` : `${comment}${indent}# ${name}:\n`;
}

/** Whether its fields are shown one by one: those of an object whose fields are fixed. */
function isGroup({ properties, default: byDefault }: JsonObject): boolean {
  const isEmpty = byDefault === undefined || (isJsonObject(byDefault) && Object.keys(byDefault).length === 0);
  return isJsonObject(properties) && Object.keys(properties).length > 0 && isEmpty;
}

function line(name: string, value: JsonValue, indent: string): string {
  const text = stringify(
    { [name]: value },
    { lineWidth: 0, defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "PLAIN" },
  );
  return text.replaceAll(/^(?=.)/gmu, indent);
}

function commentLines(text: string, indent: string): string {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    if (current.length + word.length + indent.length + 3 > WIDTH) lines.push(current.trimEnd());
    if (lines.at(-1) === current.trimEnd()) current = "";
    current += `${word} `;
  }
  lines.push(current.trimEnd());
  return lines
    .filter((each) => each !== "")
    .map((each) => `${indent}# ${each}\n`)
    .join("");
}

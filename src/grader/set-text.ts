import { posix } from "node:path";
import { assertNever } from "../lib/assert-never.ts";

/** What is done to each element of a set before the comparison. */
export type Normalization = "none" | "trim" | "path" | "casefold";

/**
 * Reads a set: a list of texts, numbers and booleans; or text that holds such a JSON array, or one element a line
 * (blank lines don't count). Null for everything else, text that begins like JSON and is no such array included.
 */
export function readSet(value: unknown): readonly string[] | null {
  if (Array.isArray(value)) return scalarTexts(value);
  return typeof value === "string" ? readSetText(value) : null;
}

function readSetText(text: string): readonly string[] | null {
  const trimmed = text.trim();
  if (trimmed.startsWith("[") || trimmed.startsWith("{")) return scalarTexts(parseJson(trimmed));
  return text.split(/\r\n|\n|\r/).filter((line) => line.trim() !== "");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function scalarTexts(elements: unknown): readonly string[] | null {
  if (!Array.isArray(elements)) return null;
  const texts = elements.map(scalarText);
  return texts.every((element) => element !== null) ? texts : null;
}

function scalarText(value: unknown): string | null {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

/** The set of normalized elements; those that are empty afterwards don't count. */
export function normalizedSet(
  elements: readonly string[],
  normalization: Normalization,
): ReadonlySet<string> {
  const normalized = elements.map((element) => normalizeElement(element, normalization));
  return new Set(normalized.filter((element) => element !== ""));
}

/**
 * - `none`: as it is
 * - `trim`: without blanks around it
 * - `path`: trimmed, `\` as `/`, without `./`, `//`, inner `..` and a slash at the end
 * - `casefold`: trimmed, in Unicode's canonical composition, lower case
 */
export function normalizeElement(element: string, normalization: Normalization): string {
  switch (normalization) {
    case "none":
      return element;
    case "trim":
      return element.trim();
    case "path":
      return normalizePath(element.trim());
    case "casefold":
      return element.trim().normalize("NFC").toUpperCase().toLowerCase();
    default:
      return assertNever(normalization);
  }
}

function normalizePath(path: string): string {
  if (path === "") return "";
  const normalized = posix.normalize(path.replaceAll("\\", "/"));
  return normalized.length > 1 && normalized.endsWith("/") ? normalized.slice(0, -1) : normalized;
}

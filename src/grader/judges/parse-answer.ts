import { isJsonObject } from "../../lib/json.ts";
import type { JsonObject } from "../../lib/json.ts";

const FENCED = /^```(?:json)?\s*\n([\s\S]*?)\n?```$/;

/** A judge's answer as a JSON object, from a code block too; null when it is none. */
export function parseAnswer(text: string): JsonObject | null {
  const trimmed = text.trim();
  const inside = FENCED.exec(trimmed)?.[1] ?? trimmed;
  try {
    const value: unknown = JSON.parse(inside);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** A finite number from a JSON number or from a text that is nothing but one; null otherwise. */
export function finiteNumber(value: unknown): number | null {
  const isNumeric = typeof value === "number" || (typeof value === "string" && /^\s*[-+]?[\d.]/.test(value));
  const number = isNumeric ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

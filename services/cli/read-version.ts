import { readFile } from "node:fs/promises";
import { isJsonObject } from "../../src/lib/json.ts";

/** The package's version; the file is two folders up in the sources and three in the compiled package. */
export async function readVersion(): Promise<string> {
  for (const place of ["../../package.json", "../../../package.json"]) {
    const text = await readFile(new URL(place, import.meta.url), "utf8").catch(() => null);
    const parsed: unknown = text === null ? null : JSON.parse(text);
    if (isJsonObject(parsed) && typeof parsed["version"] === "string") return parsed["version"];
  }
  return "unknown";
}

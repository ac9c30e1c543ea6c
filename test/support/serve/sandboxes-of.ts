import { readdir } from "node:fs/promises";
import path from "node:path";
import type { Served } from "./serve-world.ts";

/** The sandboxes that live now, by their folders: each has one in the folder of its supervisor. */
export async function sandboxesOf({ temporary }: Pick<Served, "temporary">): Promise<readonly string[]> {
  const bases = await readdir(temporary);
  const found = await Promise.all(bases.map((base) => readdir(path.join(temporary, base)).catch(() => [])));
  return found.flat().filter((name) => /^[0-9a-f]{12}$/u.test(name));
}

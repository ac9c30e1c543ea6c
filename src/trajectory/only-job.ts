import { readdir } from "node:fs/promises";
import path from "node:path";
import { RollyardError } from "../errors/rollyard-error.ts";

/** Paths of what lies in a folder, by name. Throws `bad_input` when there is no such folder. */
export async function pathsIn(outer: string): Promise<readonly string[]> {
  const names = await readdir(outer).catch(() => null);
  if (names === null) throw new RollyardError("bad_input", { message: `There is no folder ${outer}.` });
  return names.toSorted().map((name) => path.join(outer, name));
}

/** The one that a user means by the folder around it. Throws `bad_input` with a sentence when there is none, or several. */
export function onlyJob<T>(
  given: string,
  found: readonly T[],
  placeOf: (one: T) => { readonly job: string; readonly folder: string },
): T {
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const names = found.map((one) => placeOf(one).job).join(", ");
  throw new RollyardError("bad_input", {
    message:
      only === undefined
        ? `${given} is no run folder: it holds no results.jsonl.`
        : `${given} holds several jobs: ${names}; name one of them, such as ${placeOf(only).folder}.`,
  });
}

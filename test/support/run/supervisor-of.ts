import { readdirSync } from "node:fs";
import path from "node:path";
import { processesNaming } from "../sandbox/host-view.ts";

/** The process id of the supervisor of local sandboxes, which is their node. Throws when none runs. */
export function supervisorOf({ temporary }: { readonly temporary: string }): number {
  const folders = readdirSync(temporary).map((name) => path.join(temporary, name));
  const found = folders
    .flatMap((folder) => processesNaming(folder))
    .find(({ argv }) => argv.includes("supervise"));
  if (found === undefined) throw new Error("no supervisor runs");
  return found.pid;
}

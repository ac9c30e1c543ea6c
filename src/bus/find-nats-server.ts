import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

import { RollyardError } from "../errors/rollyard-error.ts";

/** Where to look for nats-server. */
export interface NatsServerPlaces {
  /** Named by the user: this one or none. */
  readonly path?: string;
  /** Folder whose `.cache/bin` the set-up fills. */
  readonly root?: string;
  /** The PATH variable. */
  readonly searchPath?: string;
}

/** The oldest server whose streams refuse as the writers expect. */
const OLDEST = [2, 12] as const;

const run = promisify(execFile);

/**
 * Path of a nats-server that is new enough: the named one, else the clone's own, else the first on PATH.
 * Rejects with `nats_server_not_found` and a sentence that says what to do.
 */
export async function findNatsServer(places: NatsServerPlaces): Promise<string> {
  const candidates = places.path === undefined ? searched(places) : [places.path];
  let rejected = "";
  for (const candidate of candidates) {
    const version = await versionOf(candidate);
    if (version !== null && isNewEnough(version)) return candidate;
    if (version !== null) rejected = ` ${candidate} is version ${version.join(".")}.`;
  }
  const where = places.path === undefined ? "No nats-server" : `${places.path} is no nats-server`;
  throw new RollyardError("nats_server_not_found", {
    message: `${where} of version ${OLDEST.join(".")} or newer was found.${rejected} Run "npm start" in the clone once to build one, or put it on PATH.`,
  });
}

function searched({ root, searchPath = "" }: NatsServerPlaces): readonly string[] {
  const own = root === undefined ? [] : [join(root, ".cache", "bin", "nats-server")];
  const onPath = searchPath.split(delimiter).filter((folder) => folder !== "");
  return [...own, ...onPath.map((folder) => join(folder, "nats-server"))];
}

async function versionOf(path: string): Promise<readonly number[] | null> {
  try {
    await access(path, constants.X_OK);
    const { stdout } = await run(path, ["--version"], { timeout: 5000 });
    const match = /v(\d+)\.(\d+)\.(\d+)/u.exec(stdout);
    return match === null ? null : match.slice(1).map(Number);
  } catch {
    return null;
  }
}

function isNewEnough([major = 0, minor = 0]: readonly number[]): boolean {
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

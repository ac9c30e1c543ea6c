import { access, constants } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { findNatsServer } from "../../src/bus/find-nats-server.ts";
import { RollyardError } from "../../src/errors/rollyard-error.ts";

/** The programs that a local run starts. */
export interface Programs {
  readonly natsServer: string;
  readonly sandboxd: string;
}

/** Finds both: named by the environment (as the launcher script does), else where a clone's set-up puts them. */
export async function findPrograms(env: Readonly<Record<string, string | undefined>>): Promise<Programs> {
  const named = env["ROLLYARD_NATS_SERVER"];
  const natsServer = await findNatsServer({
    ...(named === undefined ? {} : { path: named }),
    root: cloneRoot(),
    searchPath: env["PATH"] ?? "",
  });
  return { natsServer, sandboxd: await findSandboxd(env) };
}

/** Path of sandboxd. Throws `launcher_unavailable` saying how to build it. */
export async function findSandboxd(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const place = env["ROLLYARD_SANDBOXD"] ?? `${cloneRoot()}.cache/bin/sandboxd`;
  const isThere = await access(place, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (isThere) return place;
  throw new RollyardError("launcher_unavailable", {
    message: `sandboxd was not found at ${place}; start rollyard by its own command or run "npm start" once to build it.`,
  });
}

function cloneRoot(): string {
  return fileURLToPath(new URL("../../", import.meta.url));
}

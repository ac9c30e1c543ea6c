import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { NatsServer } from "../../../src/bus/nats-server-process.ts";
import type { ServiceUser } from "../../../src/bus/permissions.ts";

/** The services that may join a local run as processes of their own. */
const JOINING = ["worker", "grader"] as const;
/** The services that may join what is served from this machine. */
export const JOINING_SERVED = ["grader", "gateway"] as const;

/**
 * Writes where a local run's bus and its store are, and the passwords of its workers and graders (or other services), so that such processes may
 * join it: `{"servers": ["127.0.0.1:PORT"], "store": FOLDER, "passwords": {"worker", "grader"}}`. Only its owner may read it; it goes with
 * the run, and what a killed run leaves of it opens nothing, for each start makes new passwords.
 */
export async function writeJoinFile(
  file: string,
  server: NatsServer,
  store: string,
  services: readonly ServiceUser[] = JOINING,
): Promise<{ remove(): Promise<void> }> {
  const passwords = Object.fromEntries(services.map((user) => [user, server.login(user).password]));
  const remove = (): Promise<void> => rm(file, { force: true });
  // A file that is there keeps its mode: what an earlier run left goes first.
  await remove();
  const joining = { servers: [server.address], store: path.resolve(store), passwords };
  await writeFile(file, `${JSON.stringify(joining, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  return { remove };
}

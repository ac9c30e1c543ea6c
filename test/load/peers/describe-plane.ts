import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { findPrograms } from "../../../services/cli/find-programs.ts";
import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { commandText, withoutPlaces } from "./command-text.ts";

const run = promisify(execFile);

/** The versions of the control plane's programs, and the flags that they run with: a line each. */
export async function describePlane(world: ClusterWorld): Promise<readonly string[]> {
  const { plane, others } = world.whole;
  const processes = [plane.etcd, plane.apiserver, ...others];
  const lines = await Promise.all(
    processes.map(async ({ command }) => {
      const version = await versionOf(command[0] ?? "");
      return `${commandText(command)} (${version})`;
    }),
  );
  const config = await readFile(join(dirname(plane.kubeconfigFile), "scheduler.yaml"), "utf8");
  const { natsServer } = await findPrograms(process.env);
  return [
    ...lines,
    `scheduler.yaml: ${withoutPlaces(config)}`,
    "kwok.yaml: test/support/cluster/kwok.yaml",
    `nats-server with one file store, sync_interval 1s (${await versionOf(natsServer)})`,
  ];
}

/** The last word of the first line that `--version` prints that looks like one. */
async function versionOf(program: string): Promise<string> {
  const { stdout } = await run(program, ["--version"]);
  return /v?\d+\.\d+\.\d+/u.exec(stdout)?.[0] ?? "unknown version";
}

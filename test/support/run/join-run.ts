import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { nodeCommand, startProgram } from "./run-cli.ts";
import type { RunningCli } from "./run-cli.ts";
import type { RunWorld } from "./run-world.ts";
import type { SmallJob } from "./small-job.ts";

interface JoinFile {
  readonly servers: readonly string[];
  readonly store: string;
  readonly passwords: Readonly<Record<string, string>>;
}

/** Where a run says how to join it. */
export const joinFileOf = (job: SmallJob): string => path.join(job.runFolder, ".rollyard", "join.json");

/** A service of its own beside a run. */
export interface JoinedService {
  readonly process: RunningCli;
  readonly metrics: () => Promise<string>;
}

/** Starts one and resolves once it has joined. */
export async function joinRun(
  world: RunWorld,
  job: SmallJob,
  service: "worker" | "grader",
): Promise<JoinedService> {
  const { servers, store, passwords } = JSON.parse(await readFile(joinFileOf(job), "utf8")) as JoinFile;
  const config = path.join(job.folder, `${service}.yaml`);
  const text = { nats: { servers, store }, metrics: { host: "127.0.0.1", port: 0 } };
  await writeFile(config, JSON.stringify(text));
  const process = startProgram(nodeCommand(`services/${service}/main.ts`, ["--config", config]), {
    NATS_PASSWORD: passwords[service] ?? "",
  });
  world.later(() => process.kill("SIGKILL"));
  const [, port = ""] = await process.says(/"metrics_port":(\d+)/u);
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return { process, metrics };
}

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/** A service's process, its output so far, and its end. */
export interface ServiceProcess {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly exited: Promise<number | null>;
}

/** What a service's process is started with. */
export interface ServiceStart {
  /** Holds its configuration. */
  readonly folder: string;
  readonly config: string;
  readonly natsPassword: string;
}

const COMPILE_CACHE = fileURLToPath(new URL("../../../.cache/compile", import.meta.url));
const SERVICES = fileURLToPath(new URL("../../../services/", import.meta.url));

/** Starts `services/<name>/main.ts` as an installation does. */
export async function startService(
  name: "controller" | "worker" | "grader",
  { folder, config, natsPassword }: ServiceStart,
): Promise<ServiceProcess> {
  const file = join(folder, `${name}.yaml`);
  await writeFile(file, config);
  const child = spawn(process.execPath, [join(SERVICES, name, "main.ts"), "--config", file], {
    env: { PATH: "/usr/bin:/bin", NATS_PASSWORD: natsPassword, NODE_COMPILE_CACHE: COMPILE_CACHE },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
  const exited = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, output, exited };
}

/** Waits until the service has begun its work, and returns where it is watched. */
export async function telemetryOf({ output }: ServiceProcess): Promise<string> {
  const port = (): string => /"metrics_port":(\d+)/.exec(output.stdout)?.[1] ?? "";
  await expect.poll(port, { timeout: 20_000 }).not.toBe("");
  return `http://127.0.0.1:${port()}`;
}

/** Kills what still runs. */
export async function endServices(started: ServiceProcess[]): Promise<void> {
  for (const { child, exited } of started.splice(0)) {
    child.kill("SIGKILL");
    await exited;
  }
}

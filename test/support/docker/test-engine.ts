import { probeCommand } from "../../../src/sandbox/launchers/probe-command.ts";
import { keepEngine } from "./engine-keeper.ts";

/** A Docker engine that the tests may use. */
export interface TestEngine {
  /** Its socket, as DOCKER_HOST. */
  readonly host: string;
  /** Ends what was started for the tests. */
  stop(): Promise<void>;
}

const READY_MS = 20_000;
const POLL_MS = 20;

/** An engine that answers already, else one of our own where this machine allows it, else why there is none. */
export async function openTestEngine(): Promise<TestEngine | string> {
  if (process.platform !== "linux") return "the tests use a Docker engine on Linux only";
  if ((await output("docker", "--version")) === null) return "the docker command is not installed";
  const host = await runningEngine();
  if (host !== null) return { host, stop: () => Promise.resolve() };
  const hindrance = await whyNotByHand();
  return hindrance === null ? await startByHand() : `no Docker engine answers, and ${hindrance}`;
}

/**
 * Socket of the engine that `docker` talks to. A remote one sees none of our folders, and we see no process of a
 * rootless one: null then, as when none answers.
 */
async function runningEngine(): Promise<string | null> {
  const host = await output("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}");
  if (host === null || !host.startsWith("unix://")) return null;
  const options = await output("docker", "--host", host, "info", "--format", "{{.SecurityOptions}}");
  return options === null || options.includes("name=rootless") ? null : host;
}

/** What keeps the tests from starting an engine here, or null. */
export async function whyNotByHand(): Promise<string | null> {
  if (process.getuid?.() !== 0) return "only root can start one";
  if ((await output("dockerd", "--version")) === null) return "dockerd is not installed";
  return null;
}

/** An engine of our own that answers, or why dockerd does not start. */
export async function startByHand(): Promise<TestEngine | string> {
  const { host, ended, stop } = await keepEngine();
  const over = new AbortController();
  void ended.then(() => over.abort());
  const deadline = performance.now() + READY_MS;
  while (!over.signal.aborted && performance.now() < deadline) {
    if ((await output("docker", "--host", host, "version")) !== null) return { host, stop };
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  await stop();
  return `dockerd does not start on this machine: ${await ended}`;
}

/** What a command that succeeded has said, trimmed. */
async function output(...argv: readonly string[]): Promise<string | null> {
  const { exitCode, stdout } = await probeCommand(argv, null);
  return exitCode === 0 ? stdout.trim() : null;
}

import { execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import type { StartedTestContainer } from "testcontainers";
import type { SupervisedChild } from "../../../src/bus/supervised-child.ts";
import { processesNaming } from "../sandbox/host-view.ts";

const IMAGE = "rollyard-test-nats:local";
const PROGRAM = "/nats-server";
const POLL_MS = 10;

const run = promisify(execFile);
let image: Promise<void> | undefined;

/**
 * Runs nats-server in a container, on this machine's network and on its own folder, so that ports, files and process
 * are where those of a child process would be. It has neither a bridge network nor Testcontainers' reaper to need.
 */
export async function spawnInContainer(
  program: string,
  [flag = "", config = ""]: readonly string[],
): Promise<SupervisedChild> {
  image ??= importImage(program);
  await image;
  const { GenericContainer, PullPolicy } = await library();
  const folder = dirname(config);
  const container = await new GenericContainer(IMAGE)
    .withPullPolicy(PullPolicy.neverPull())
    .withNetworkMode("host")
    .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`)
    .withBindMounts([{ source: folder, target: folder }])
    .withCommand([PROGRAM, flag, config])
    .start();
  const ended = exitOf(container);
  const pid = await hostPid(config, ended);
  return { pid, ended, kill: (signal) => signalPid(pid, signal) };
}

/** Loaded where it is used: most who import the fixture never do. */
const library = () => import("testcontainers");

/** Makes an image of the static program alone; no registry is asked. */
async function importImage(program: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "rollyard-nats-image-"));
  await cp(program, join(root, PROGRAM), { dereference: true });
  await run("/bin/sh", ["-c", 'tar -C "$1" -c . | docker import - "$2"', "import", root, IMAGE]);
  await rm(root, { recursive: true });
}

async function exitOf(container: StartedTestContainer): Promise<number> {
  const { getContainerRuntimeClient } = await library();
  const client = await getContainerRuntimeClient();
  const { StatusCode } = await client.container.getById(container.getId()).wait();
  await container.stop();
  return StatusCode;
}

/** The engine's own idea of the pid may be that of another namespace. */
async function hostPid(config: string, ended: Promise<number>): Promise<number> {
  const over = new AbortController();
  void ended.then(() => over.abort());
  while (!over.signal.aborted) {
    const [found] = processesNaming(config).filter(({ argv }) => argv[0] === PROGRAM);
    if (found !== undefined) return found.pid;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`the container of nats-server ended at once, with exit code ${await ended}`);
}

function signalPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended before.
  }
}

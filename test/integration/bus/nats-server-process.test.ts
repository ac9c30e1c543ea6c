import { spawn } from "node:child_process";
import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, expect, test } from "vitest";

import { findNatsServer } from "../../../src/bus/find-nats-server.ts";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { startNatsServer } from "../../../src/bus/nats-server-process.ts";
import type { NatsServer } from "../../../src/bus/nats-server-process.ts";
import { SERVICE_USERS } from "../../../src/bus/permissions.ts";
import { answersAsJetStream } from "../../../src/bus/probe-nats.ts";
import type { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { testNatsServer } from "../../support/bus/nats-fixture.ts";

const PARENT = fileURLToPath(new URL("../../support/bus/nats-parent.ts", import.meta.url));

let folder: string;
let server: NatsServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollyard-nats-process-"));
});

afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A program in the folder that stands for nats-server. */
async function program(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

async function start(binary: string, onGaveUp?: (error: RollyardError) => void): Promise<NatsServer> {
  const options = { binary, folder: join(folder, "nats"), logger: silentLogger };
  server = await startNatsServer(onGaveUp === undefined ? options : { ...options, onGaveUp });
  return server;
}

test("a started server answers, listens on loopback only and keeps its passwords in a file for us alone", async () => {
  const { address, login } = await start(await testNatsServer());
  expect(address).toMatch(/^127\.0\.0\.1:\d+$/u);
  const config = join(folder, "nats", "nats-server.conf");
  expect((await stat(config)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(config, "utf8"))).toMatchObject({
    host: "127.0.0.1",
    jetstream: { sync_interval: "1s" },
  });
  const passwords = SERVICE_USERS.map((user) => login.call(server, user).password);
  expect(new Set(passwords).size).toBe(SERVICE_USERS.length);
  expect(passwords.every((password) => password.length >= 32)).toBe(true);
});

test("killed, it is started again on the same store and port", async () => {
  const running = await start(await testNatsServer());
  const { address } = running;
  const bus = await connectJetStream({
    servers: [address],
    ...running.login("controller"),
    name: "t",
    logger: silentLogger,
  });
  await bus.ensureStreams();
  const subject = "rollyard.events.n.j.0-0";
  await bus.publish({ subject, payload: new Uint8Array(1) });
  for (let kills = 1; kills <= 3; kills++) {
    const before = running.pid();
    process.kill(before, "SIGKILL");
    await expect.poll(() => running.pid(), { timeout: 10_000 }).not.toBe(before);
    expect(await bus.read("events", subject)).toHaveLength(1);
  }
  expect(running.address).toBe(address);
  await bus.close();
});

test("stopped, it is gone, and another start finds its streams", async () => {
  const first = await start(await testNatsServer());
  const pid = first.pid();
  const bus = await connectJetStream({
    servers: [first.address],
    ...first.login("controller"),
    name: "t",
    logger: silentLogger,
  });
  await bus.ensureStreams();
  await bus.publish({ subject: "rollyard.outcomes.n.j.0-0", payload: new Uint8Array(2) });
  await bus.close();
  await first.stop();
  expect(isAlive(pid)).toBe(false);
  const second = await start(await testNatsServer());
  const again = await connectJetStream({
    servers: [second.address],
    ...second.login("controller"),
    name: "t",
    logger: silentLogger,
  });
  expect(await again.read("outcomes", "rollyard.outcomes.n.j.0-0")).toHaveLength(1);
  await again.close();
});

test.each(["SIGKILL", "SIGTERM"] as const)("it does not outlive a parent that ends by %s", async (signal) => {
  const parent = spawn(process.execPath, [PARENT, await testNatsServer(), join(folder, "nats")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = await new Promise<number>((resolve) => {
    parent.stdout.once("data", (chunk: Buffer) => resolve(Number(chunk.toString())));
  });
  expect(isAlive(pid)).toBe(true);
  parent.kill(signal);
  await expect.poll(() => isAlive(pid)).toBe(false);
});

test("its watching shell killed, no second server is started beside the first", async () => {
  const running = await start(await testNatsServer());
  const before = running.pid();
  const shell = Number(execFileSync("ps", ["-o", "ppid=", "-p", String(before)], { encoding: "utf8" }));
  process.kill(shell, "SIGKILL");
  await expect.poll(() => running.pid(), { timeout: 10_000 }).not.toBe(before);
  await expect.poll(() => isAlive(before)).toBe(false);
  expect(await answersAsJetStream(Number(running.address.split(":")[1]))).toBe(true);
});

test("a server that can't start is bus_unavailable with its own last words", async () => {
  const broken = await program(
    "nats-server",
    `echo "[1] 2026/01/01 00:00:00.000000 [FTL] no room" > "$(dirname "$2")/nats-server.log"; exit 1`,
  );
  await expect(start(broken)).rejects.toMatchObject({
    code: "bus_unavailable",
    message: "nats-server did not start: [FTL] no room",
  });
});

test("a server that dies again and again is given up with bus_unavailable", async () => {
  const real = await testNatsServer();
  const once = join(folder, "once");
  const fickle = await program("nats-server", `[ -e ${once} ] && exit 1\ntouch ${once}\nexec ${real} "$@"`);
  const gaveUp = new Promise<RollyardError>((resolve) => {
    void start(fickle, resolve).then((running) => process.kill(running.pid(), "SIGKILL"));
  });
  expect((await gaveUp).code).toBe("bus_unavailable");
}, 30_000);

test("the clone's server is found, an old one is refused with what to do, and a named one is the only one tried", async () => {
  const old = await program("nats-server", 'echo "nats-server: v2.10.27"');
  await expect(findNatsServer({ searchPath: folder })).rejects.toMatchObject({
    code: "nats_server_not_found",
    message: expect.stringMatching(/is version 2\.10\.27\..*npm start/u) as string,
  });
  await program("nats-server", 'echo "nats-server: v2.12.0"');
  expect(await findNatsServer({ searchPath: `/nowhere:${folder}` })).toBe(old);
  await expect(findNatsServer({ path: "/nowhere/nats-server", searchPath: folder })).rejects.toMatchObject({
    message: expect.stringContaining("/nowhere/nats-server is no nats-server") as string,
  });
});

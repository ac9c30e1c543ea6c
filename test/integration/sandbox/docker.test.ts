import { existsSync } from "node:fs";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { dockerRunArgv } from "../../../src/sandbox/launchers/docker-argv.ts";
import { probeCommand } from "../../../src/sandbox/launchers/probe-command.ts";
import { whyNoEngine } from "../../support/docker/no-engine.ts";
import { LAUNCHERS } from "../../support/sandbox/launchers.ts";
import { SANDBOXD, sandboxSpec } from "../../support/sandbox/try-sandbox.ts";

describe("a container of the docker launcher", () => {
  beforeEach(({ skip }) => {
    const missing = whyNoEngine();
    if (missing !== null) skip(missing);
  });

  it("does not bring back the folder of a launcher that was killed and swept in the middle of its start", async () => {
    const socketFolder = await mkdtemp(join(tmpdir(), 'docker, a "folder" '));
    const spec = sandboxSpec(LAUNCHERS.docker.specFields);
    const request = { sandboxUid: "swept", spec, localFolder: null, publicKeys: [] };
    const place = { name: "rollyard-swept", launcherId: "test", sandboxd: SANDBOXD, socketFolder };
    const [docker = "", , ...args] = dockerRunArgv(request, place);
    onTestFinished(async () => void (await probeCommand([docker, "rm", "--force", place.name], null)));
    expect(await probeCommand([docker, "create", ...args], null)).toMatchObject({ exitCode: 0 });
    await rmdir(socketFolder);
    expect(await probeCommand([docker, "start", place.name], null)).toMatchObject({ exitCode: 1 });
    expect(existsSync(socketFolder)).toBe(false);
  });
});

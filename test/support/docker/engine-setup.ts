import { probeCommand } from "../../../src/sandbox/launchers/probe-command.ts";
import { importTestImage, TEST_IMAGE } from "../sandbox/test-image.ts";
import { NO_ENGINE } from "./no-engine.ts";
import { openTestEngine } from "./test-engine.ts";

/** No reaper and no look for a gateway: both are images of a registry. */
const TESTCONTAINERS = { TESTCONTAINERS_RYUK_DISABLED: "true", TESTCONTAINERS_HOST_OVERRIDE: "127.0.0.1" };

/**
 * Vitest's global set-up of the integration tier: one Docker engine with the test image for all its files. The processes
 * of the tests find it in DOCKER_HOST, or in {@link NO_ENGINE} why there is none.
 */
export async function setup(): Promise<() => Promise<void>> {
  const engine = await openTestEngine();
  if (typeof engine === "string") return without(engine);
  Object.assign(process.env, { DOCKER_HOST: engine.host, ...TESTCONTAINERS });
  await importTestImage();
  const trial = await probeCommand(["docker", "run", "--rm", "--network", "none", TEST_IMAGE, "true"], null);
  if (trial.exitCode === 0) return () => engine.stop();
  await engine.stop();
  return without(`the Docker engine can't run a container here: ${trial.stderr.trim()}`);
}

function without(reason: string): () => Promise<void> {
  process.env[NO_ENGINE] = reason;
  return () => Promise.resolve();
}

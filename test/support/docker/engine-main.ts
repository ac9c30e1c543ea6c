import { probeCommand } from "../../../src/sandbox/launchers/probe-command.ts";
import { importTestImage, TEST_IMAGE } from "../sandbox/test-image.ts";
import { startByHand } from "./test-engine.ts";

/** A process that keeps an engine with a container, tells the engine's socket, and waits to be killed. */
const engine = await startByHand();
if (typeof engine === "string") throw new Error(engine);
process.env["DOCKER_HOST"] = engine.host;
await importTestImage();
await probeCommand(["docker", "run", "--detach", "--network", "none", TEST_IMAGE, "sleep", "876123"], null);
process.stdout.write(`${engine.host}\n`);
process.stdin.resume();

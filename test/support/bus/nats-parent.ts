import { silentLogger } from "../../../src/lib/logger.ts";
import { startNatsServer } from "../../../src/bus/nats-server-process.ts";

// A process of its own for tests that kill it: starts a server, says its pid, and waits for ever.
const [binary = "", folder = ""] = process.argv.slice(2);
const server = await startNatsServer({ binary, folder, logger: silentLogger });
process.stdout.write(`${server.pid()}\n`);
setInterval(() => undefined, 60_000);

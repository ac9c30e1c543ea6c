import { parseArgs } from "node:util";
import { startScriptedPolicy } from "./server.ts";

// Prints one JSON line with the base URL, then serves until standard input ends: whoever started it can't leave it
// behind, however it dies.
const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, host: { type: "string", default: "127.0.0.1" } },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write("--port must be a number from 0 to 65535\n");
  process.exit(2);
}
try {
  const policy = await startScriptedPolicy({ port, host: values.host });
  process.stdout.write(`${JSON.stringify({ url: policy.url })}\n`);
  const stop = (): void => void policy.close().finally(() => process.exit(0));
  process.stdin.once("end", stop).once("error", stop).resume();
  process.once("SIGTERM", stop).once("SIGINT", stop);
} catch (error) {
  process.stderr.write(
    `the scripted policy can't listen: ${error instanceof Error ? error.message : "unknown"}\n`,
  );
  process.exit(1);
}

import { parseArgs } from "node:util";
import { loadServiceConfig } from "../../src/config/service-config.ts";
import { toRollyardError } from "../../src/errors/rollyard-error.ts";
import { createPinoLogger } from "../../src/telemetry/pino-logger.ts";
import { workerConfigSchema } from "./config.ts";
import { runWorker } from "./run-worker.ts";

const USAGE = `Usage: node services/worker/main.ts --config FILE

Drives rollouts until SIGTERM, then hands them over. The NATS password comes from NATS_PASSWORD.
`;

const stopping = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stopping.abort());

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { config: { type: "string" }, help: { type: "boolean" } } });
  if (values.help === true || values.config === undefined) {
    process[values.help === true ? "stdout" : "stderr"].write(USAGE);
    return values.help === true ? 0 : 2;
  }
  const config = await loadServiceConfig(values.config, workerConfigSchema);
  const logger = createPinoLogger({ file: null }).child({ service: "worker" });
  await runWorker(config, { natsPassword: process.env["NATS_PASSWORD"], logger, stop: stopping.signal });
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof TypeError && "code" in error;
  const known = toRollyardError(error);
  process.stderr.write(`rollyard worker: ${isUsage ? error.message : known.message}\n`);
  process.exitCode = isUsage || known.code === "bad_input" ? 2 : 1;
}

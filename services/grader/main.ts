import { parseArgs } from "node:util";
import { loadServiceConfig } from "../../src/config/service-config.ts";
import { toRollyardError } from "../../src/errors/rollyard-error.ts";
import { createPinoLogger } from "../../src/telemetry/pino-logger.ts";
import { graderConfigSchema } from "./config.ts";
import { runGrader } from "./run-grader.ts";

const USAGE = `Usage: node services/grader/main.ts --config FILE

Grades stopped rollouts until SIGTERM. The NATS password comes from NATS_PASSWORD.
`;

const stopping = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stopping.abort());

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { config: { type: "string" }, help: { type: "boolean" } } });
  if (values.help === true || values.config === undefined) {
    process[values.help === true ? "stdout" : "stderr"].write(USAGE);
    return values.help === true ? 0 : 2;
  }
  const config = await loadServiceConfig(values.config, graderConfigSchema);
  const logger = createPinoLogger({ file: null }).child({ service: "grader" });
  await runGrader(config, { natsPassword: process.env["NATS_PASSWORD"], logger, stop: stopping.signal });
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof TypeError && "code" in error;
  const known = toRollyardError(error);
  process.stderr.write(`rollyard grader: ${isUsage ? error.message : known.message}\n`);
  process.exitCode = isUsage || known.code === "bad_input" ? 2 : 1;
}

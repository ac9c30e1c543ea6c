import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { loadServiceConfig } from "../../src/config/service-config.ts";
import { toRollyardError } from "../../src/errors/rollyard-error.ts";
import { createPinoLogger } from "../../src/telemetry/pino-logger.ts";
import { controllerConfigSchema } from "./config.ts";
import { findCredentials } from "./find-credentials.ts";
import { runController } from "./run-controller.ts";

const USAGE = `Usage: node services/controller/main.ts --config FILE

Looks after Environments and RolloutJobs until SIGTERM, then hands over. Of several controllers one leads.
The NATS password comes from NATS_PASSWORD; outside of a cluster, KUBECONFIG or the configuration names a kubeconfig.
`;

const stopping = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stopping.abort());

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { config: { type: "string" }, help: { type: "boolean" } } });
  if (values.help === true || values.config === undefined) {
    process[values.help === true ? "stdout" : "stderr"].write(USAGE);
    return values.help === true ? 0 : 2;
  }
  const config = await loadServiceConfig(values.config, controllerConfigSchema);
  const logger = createPinoLogger({ file: null }).child({ service: "controller" });
  const credentials = await findCredentials({
    kubeconfig: config.kubeconfig ?? process.env["KUBECONFIG"],
    host: process.env["KUBERNETES_SERVICE_HOST"],
    port: process.env["KUBERNETES_SERVICE_PORT"],
  });
  await runController(config, {
    credentials,
    natsPassword: process.env["NATS_PASSWORD"],
    hostname: hostname(),
    logger,
    stop: stopping.signal,
    // A leader that lost its lease must not do one thing more, not even tidy up.
    exit: () => process.exit(1),
  });
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof TypeError && "code" in error;
  const known = toRollyardError(error);
  process.stderr.write(`rollyard controller: ${isUsage ? error.message : known.message}\n`);
  const isInput = isUsage || known.code === "bad_input" || known.code === "kube_credentials";
  process.exitCode = isInput ? 2 : 1;
}

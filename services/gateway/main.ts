import { serviceMain } from "../../src/config/service-main.ts";
import { findCredentials } from "../../src/kube/transport/find-credentials.ts";
import { gatewayConfigSchema } from "./config.ts";
import { runGateway } from "./run-gateway.ts";

const ABOUT = `Serves the HTTP API for submitting jobs and reading results until SIGTERM.
The NATS password comes from NATS_PASSWORD; outside of a cluster, KUBECONFIG or the configuration names a kubeconfig.`;

await serviceMain(process, {
  name: "gateway",
  about: ABOUT,
  schema: gatewayConfigSchema,
  natsPassword: process.env["NATS_PASSWORD"],
  run: async (config, context) => {
    const credentials = await findCredentials(config.kubeconfig, process.env);
    await runGateway(config, { ...context, credentials });
  },
});

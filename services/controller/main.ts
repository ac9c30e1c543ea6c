import { hostname } from "node:os";
import { serviceMain } from "../../src/config/service-main.ts";
import { controllerConfigSchema } from "./config.ts";
import { findCredentials } from "../../src/kube/transport/find-credentials.ts";
import { runController } from "./run-controller.ts";

const ABOUT = `Looks after Environments and RolloutJobs until SIGTERM, then hands over. Of several controllers one leads.
The NATS password comes from NATS_PASSWORD; outside of a cluster, KUBECONFIG or the configuration names a kubeconfig.`;

await serviceMain(process, {
  name: "controller",
  about: ABOUT,
  schema: controllerConfigSchema,
  natsPassword: process.env["NATS_PASSWORD"],
  run: async (config, context) => {
    const credentials = await findCredentials(config.kubeconfig, process.env);
    await runController(config, {
      ...context,
      credentials,
      hostname: hostname(),
      // A leader that lost its lease must not do one thing more, not even tidy up.
      exit: () => process.exit(1),
    });
  },
});

import { serviceMain } from "../../src/config/service-main.ts";
import { workerConfigSchema } from "./config.ts";
import { runWorker } from "./run-worker.ts";

await serviceMain(process, {
  name: "worker",
  about: "Drives rollouts until SIGTERM, then hands them over. The NATS password comes from NATS_PASSWORD.",
  schema: workerConfigSchema,
  natsPassword: process.env["NATS_PASSWORD"],
  run: runWorker,
});

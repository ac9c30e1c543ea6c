import { serviceMain } from "../../src/config/service-main.ts";
import { graderConfigSchema } from "./config.ts";
import { runGrader } from "./run-grader.ts";

await serviceMain(process, {
  name: "grader",
  about: "Grades stopped rollouts until SIGTERM. The NATS password comes from NATS_PASSWORD.",
  schema: graderConfigSchema,
  natsPassword: process.env["NATS_PASSWORD"],
  run: runGrader,
});

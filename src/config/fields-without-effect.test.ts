import { expect, it } from "vitest";
import { environmentSpecSchema } from "../environment/environment.ts";
import { rolloutJobSpecSchema } from "../job/rollout-job.ts";
import { fieldsWithoutEffect } from "./fields-without-effect.ts";

const grader = { type: "string_check", name: "g", operation: "eq", input: "a", reference: "a" };
const job = {
  environmentRef: { name: "env" },
  dataset: { inline: [{ a: 1 }] },
  model: { baseURL: "http://h/v1", name: "m" },
};

it("names the fields that only a cluster or the gateway uses, and no others", () => {
  const specs = {
    environment: environmentSpecSchema.parse({
      grader,
      sandbox: { podTemplate: { spec: {} }, imagePullSecrets: [{ name: "s" }], warmReplicas: 2 },
      serve: { enabled: true },
    }),
    job: rolloutJobSpecSchema.parse({
      ...job,
      queueName: "q",
      priorityClassName: "p",
      priority: 1,
      ttlSecondsAfterFinished: 0,
      deadlineSeconds: 5,
    }),
  };
  expect(fieldsWithoutEffect(specs)).toEqual([
    "spec.sandbox.podTemplate",
    "spec.sandbox.imagePullSecrets",
    "spec.serve.enabled",
    "spec.priority",
    "spec.priorityClassName",
    "spec.queueName",
    "spec.ttlSecondsAfterFinished",
  ]);
});

it("names nothing of what was left out", () => {
  const specs = {
    environment: environmentSpecSchema.parse({ grader }),
    job: rolloutJobSpecSchema.parse(job),
  };
  expect(fieldsWithoutEffect(specs)).toEqual([]);
});

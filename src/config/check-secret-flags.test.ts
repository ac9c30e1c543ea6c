import { expect, it } from "vitest";
import { Secret } from "../lib/secret.ts";
import { unusedSecretFlags } from "./check-secret-flags.ts";
import type { RawDocument } from "./parse-yaml.ts";
import { formatProblem } from "./problem.ts";

const source = { file: "job.yaml", folder: "/", lineOf: () => undefined };
const document = (kind: string, spec: RawDocument["value"]): RawDocument => ({
  source,
  kind,
  value: { spec },
});

const JOB = document("RolloutJob", { model: { apiKeySecret: { name: "openai", key: "key" } } });
const ENVIRONMENT = document("Environment", {
  tools: [{ name: "search", http: { headersSecret: { name: "headers" } } }],
  judges: { judge: { apiKeySecret: { name: "judge", key: "key" } } },
  serve: { authSecret: { name: "platform", key: "token" } },
});

const told = (documents: readonly RawDocument[], ...given: readonly string[]): readonly string[] =>
  unusedSecretFlags(
    documents,
    given.map((name) => [name, new Secret("CANARY")]),
  ).map(formatProblem);

it("takes what a document names, a whole Secret with any key, and that of a part that is off", () => {
  const given = ["openai/key", "headers/authorization", "headers/x-tenant", "judge/key", "platform/token"];
  expect(told([JOB, ENVIRONMENT], ...given)).toEqual([]);
});

it("says which secret nothing names, and which one is near", () => {
  expect(
    told([JOB, ENVIRONMENT], "openia/key", "header/authorization", "openai/kee", "unrelated/thing"),
  ).toEqual([
    '--secret openia/key: nothing in the given files names this secret; did you mean "openai/key"?',
    '--secret header/authorization: nothing in the given files names this secret; did you mean "headers/authorization"?',
    '--secret openai/kee: nothing in the given files names this secret; did you mean "openai/key"?',
    "--secret unrelated/thing: nothing in the given files names this secret",
  ]);
});

it("says nothing of an environment alone: its job may name them", () => {
  expect(told([ENVIRONMENT], "openai/key")).toEqual([]);
});

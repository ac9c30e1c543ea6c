import { expect, it } from "vitest";
import { SecretStore } from "../../../src/config/secret-store.ts";
import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { secretNotes } from "./secret-notes.ts";

/** What is told of secrets that were given by the command line, as `NAME/KEY`. */
function notes(serve: object, ...given: readonly string[]): readonly string[] {
  const grader = { type: "string_check", name: "g", operation: "eq", input: "a", reference: "a" };
  const environment = {
    apiVersion: "rollyard.dev/v1alpha1",
    kind: "Environment",
    metadata: { name: "small" },
    spec: environmentSpecSchema.parse({ grader, serve }),
  } as const;
  const secrets = new SecretStore(given.map((name) => [name, new Secret("CANARY")]));
  return secretNotes(
    { environment, secrets },
    given.map((name) => `${name}=env:KEY`),
  );
}

const KEYED = { authSecret: { name: "trainer", key: "key" } };
const MADE = "The key that callers must send is made here, for spec.serve.authSecret names";

it("says nothing where the callers' key was given, and where none is named", () => {
  expect(notes(KEYED, "trainer/key")).toEqual([]);
  expect(notes({})).toEqual([]);
});

it("says which secret nothing names, which one is near, and that a key is made", () => {
  expect(notes(KEYED, "trainer/key", "trainer/kye")).toEqual([
    '--secret trainer/kye is not used: nothing in the Environment names this secret; did you mean "trainer/key"?',
  ]);
  expect(notes({}, "trainer/key")).toEqual([
    "--secret trainer/key is not used: nothing in the Environment names this secret.",
    `${MADE} none.`,
  ]);
  expect(notes(KEYED)).toEqual([`${MADE} trainer/key, which was not given.`]);
});

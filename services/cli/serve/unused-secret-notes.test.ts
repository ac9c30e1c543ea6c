import { expect, it } from "vitest";
import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import { unusedSecretNotes } from "./unused-secret-notes.ts";

function notes(serve: object, ...flags: readonly string[]): readonly string[] {
  const grader = { type: "string_check", name: "g", operation: "eq", input: "a", reference: "a" };
  return unusedSecretNotes({ spec: environmentSpecSchema.parse({ grader, serve }) }, flags);
}

const KEYED = { authSecret: { name: "trainer", key: "key" } };

it("says nothing of the secret that has the callers' keys", () => {
  expect(notes(KEYED, "trainer/key=file:key.txt")).toEqual([]);
});

it("says which secret nothing names, which one is near, and that a key is made where none is named", () => {
  expect(notes(KEYED, "trainer/kye=env:CANARY")).toEqual([
    '--secret trainer/kye is not used: nothing in the Environment names this secret; did you mean "trainer/key"?',
  ]);
  expect(notes({}, "trainer/key=file:key.txt")).toEqual([
    "--secret trainer/key is not used: nothing in the Environment names this secret. What callers must send is a key that is made here, for spec.serve.authSecret names none.",
  ]);
});

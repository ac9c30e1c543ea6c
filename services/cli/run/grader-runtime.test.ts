import { describe, expect, it } from "vitest";
import { environmentSchema } from "../../../src/environment/environment.ts";
import type { Environment } from "../../../src/environment/environment.ts";
import { prepareGraderRuntime } from "./grader-runtime.ts";

const io = { env: {}, stderr: () => undefined };

function environment(type: string, graderRuntime: object): Environment {
  const graders = {
    python: { type, name: "g", source: "def grade(sample, item): return 1" },
    string_check: { type, name: "g", operation: "eq", input: "a", reference: "a" },
  };
  return environmentSchema.parse({
    apiVersion: "rollyard.dev/v1alpha1",
    kind: "Environment",
    metadata: { name: "env" },
    spec: { grader: graders[type as keyof typeof graders], graderRuntime },
  });
}

describe("prepareGraderRuntime", () => {
  it("gives graders in Docker their image, and refuses a virtual environment there", async () => {
    const image = { environment: environment("python", { image: "i" }), requirementsFile: undefined };
    expect(await prepareGraderRuntime(image, { name: "docker" }, io)).toEqual({
      image: "i",
      venv: undefined,
    });
    const venv = { environment: environment("python", { venv: "r.txt" }), requirementsFile: "/r.txt" };
    await expect(prepareGraderRuntime(venv, { name: "docker" }, io)).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringContaining("give image"),
    });
  });

  it("refuses an image without Docker", async () => {
    const image = { environment: environment("python", { image: "i" }), requirementsFile: undefined };
    await expect(prepareGraderRuntime(image, { name: "bubblewrap" }, io)).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringContaining("needs Docker"),
    });
  });

  it("makes nothing where no grader runs Python", async () => {
    const plain = { environment: environment("string_check", { venv: "r.txt" }), requirementsFile: "/r.txt" };
    expect(await prepareGraderRuntime(plain, { name: "bubblewrap" }, io)).toEqual({
      image: undefined,
      venv: undefined,
    });
  });
});

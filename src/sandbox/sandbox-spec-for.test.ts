import { describe, expect, it } from "vitest";
import { environmentSpecSchema } from "../environment/environment.ts";
import { compileImage } from "../environment/item-image.ts";
import { sandboxSpecFor } from "./sandbox-spec-for.ts";

const environment = (image: string, more: object = {}) =>
  environmentSpecSchema.parse({
    sandbox: { image, setup: [["true"]], env: { A: "1" } },
    grader: { type: "string_check", name: "g", input: "a", reference: "a", operation: "eq" },
    ...more,
  });

describe("the sandbox of a rollout", () => {
  it("is that of the environment", () => {
    const spec = environment("registry.example/a:1");
    expect(sandboxSpecFor(spec, {}, "agent")).toEqual(spec.sandbox);
  });

  it("has the image that its item names", () => {
    const spec = environment("{{item.image}}");
    expect(sandboxSpecFor(spec, { image: "registry.example/b:2" }, "agent").image).toBe(
      "registry.example/b:2",
    );
  });

  it("is a clean one for the grader, of the grader's own image where it has one", () => {
    const item = { image: "registry.example/b:2" };
    expect(sandboxSpecFor(environment("{{item.image}}"), item, "grade")).toMatchObject({
      image: "registry.example/b:2",
      setup: [],
      env: {},
    });
    const own = environment("{{item.image}}", { graderRuntime: { image: "registry.example/grader:1" } });
    expect(sandboxSpecFor(own, item, "grade").image).toBe("registry.example/grader:1");
  });
});

describe("an image that is made from the item", () => {
  const problemsOf = (image: string, item: Parameters<typeof sandboxSpecFor>[1]): readonly string[] => {
    const compiled = compileImage(image);
    return compiled.kind === "item" ? compiled.problems(item) : [];
  };

  it.each<[string, string, Parameters<typeof sandboxSpecFor>[1], readonly string[]]>([
    ["is there", "r/{{ item.name }}:1", { name: "x" }, []],
    [
      "names no key that the row lacks",
      "{{ item.image }}",
      {},
      ['lacks the text "item.image", which spec.sandbox.image names'],
    ],
    [
      "has no blank in it",
      "{{ item.image }}",
      { image: "a b" },
      ["gives spec.sandbox.image no name of an image"],
    ],
    [
      "is no option of the program that starts it",
      "{{ item.image }}",
      { image: "--privileged" },
      ["gives spec.sandbox.image no name of an image"],
    ],
    [
      "can be read",
      "{{ item.image",
      { image: "a" },
      [`can't have an image: spec.sandbox.image has "{{" without "}}" after it`],
    ],
  ])("%s", (_, image, item, problems) => {
    expect(problemsOf(image, item)).toEqual(problems);
  });
});

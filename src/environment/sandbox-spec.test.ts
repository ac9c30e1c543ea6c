import { describe, expect, it } from "vitest";
import { hasItemImage, sandboxSpecSchema } from "./sandbox-spec.ts";

describe("the image of a sandbox", () => {
  it.each([
    ["registry.example/a:1", false],
    ["{{ item.image }}", true],
    ["registry.example/{{ item.repo }}:{{item.tag}}", true],
  ])("may be %s", (image, isOfItem) => {
    expect(hasItemImage(sandboxSpecSchema.parse({ image }))).toBe(isOfItem);
  });

  it.each(["a b", "{{ item.image }} b", "{ item.image }", "{{ item.image"])("can't be %s", (image) => {
    const { error } = sandboxSpecSchema.safeParse({ image });
    expect(error?.issues).toMatchObject([
      { path: ["image"], message: "must not contain blanks, but within {{ }}" },
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { sandboxSpecSchema } from "../environment/sandbox-spec.ts";
import { sandboxTemplate } from "./sandbox-template.ts";
import { TemplateCache } from "./template-cache.ts";

const PLACE = { localFolder: null, venv: null };

describe("TemplateCache", () => {
  const spec = sandboxSpecSchema.parse({ image: "registry.example/a:1" });
  const cacheOf = (): TemplateCache => new TemplateCache(() => PLACE);

  it("gives the same spec the same template, made once", () => {
    const cache = cacheOf();
    const template = cache.of("agent", { spec });
    expect(template).toEqual(sandboxTemplate("agent", { spec }, PLACE));
    expect(cache.of("agent", { spec })).toBe(template);
  });

  it("tells apart whatever a template tells apart", () => {
    const cache = cacheOf();
    const keys = [
      cache.of("agent", { spec }),
      cache.of("grade", { spec }),
      cache.of("agent", { spec, queueName: "research" }),
      cache.of("agent", { spec, priorityClassName: "high" }),
      cache.of("agent", { spec: { ...spec, image: "registry.example/b:1" } }),
    ].map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(cache.of("agent", { spec, queueName: "research" }).key).toBe(keys[2]);
  });

  it("makes one key of specs that say the same", () => {
    const cache = cacheOf();
    expect(cache.of("agent", { spec: { ...spec } }).key).toBe(cache.of("agent", { spec }).key);
  });
});

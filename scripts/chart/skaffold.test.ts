import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const buildSchema = z.strictObject({
  artifacts: z
    .array(
      z.strictObject({
        image: z.string(),
        context: z.string().optional(),
        docker: z.strictObject({ dockerfile: z.string() }).optional(),
      }),
    )
    .optional(),
  local: z.strictObject({ push: z.boolean() }).optional(),
  tagPolicy: z
    .union([
      z.strictObject({ inputDigest: z.strictObject({}) }),
      z.strictObject({ gitCommit: z.strictObject({ ignoreChanges: z.boolean() }) }),
    ])
    .optional(),
});

const releaseSchema = z.strictObject({
  name: z.string(),
  chartPath: z.string(),
  namespace: z.string(),
  createNamespace: z.boolean(),
  setValueTemplates: z.record(z.string(), z.string()),
  // What profiles add.
  setValues: z.record(z.string(), z.unknown()).optional(),
  wait: z.boolean().optional(),
});

/**
 * The fields of skaffold/v4beta13 that the file uses, and no others: https://skaffold.dev/docs/references/yaml. Skaffold itself
 * is not among the programs of the tests.
 */
const skaffoldSchema = z.strictObject({
  apiVersion: z.literal("skaffold/v4beta13"),
  kind: z.literal("Config"),
  metadata: z.strictObject({ name: z.string() }),
  build: buildSchema.required({ artifacts: true }),
  deploy: z.strictObject({ helm: z.strictObject({ releases: z.tuple([releaseSchema]) }) }),
  profiles: z.array(
    z.strictObject({
      name: z.string(),
      activation: z.array(z.strictObject({ command: z.string() })).optional(),
      build: buildSchema,
      patches: z.array(z.strictObject({ op: z.literal("add"), path: z.string(), value: z.unknown() })),
    }),
  ),
});

const file: unknown = parse(await readFile(`${ROOT}skaffold.yaml`, "utf8"));
const skaffold = skaffoldSchema.parse(file);
const values = parse(await readFile(`${ROOT}charts/rollyard/values.yaml`, "utf8")) as unknown;

/** Whether the chart has a value at a path; the one that is required has no default. */
function hasValue(path: string): boolean {
  if (path === "image.repository") return true;
  const found = path
    .split(".")
    .reduce<unknown>((inner, key) => (inner as Readonly<Record<string, unknown>> | undefined)?.[key], values);
  return found !== undefined;
}

describe("skaffold.yaml", () => {
  const [release] = skaffold.deploy.helm.releases;

  it("builds from Dockerfiles that are there, and installs the chart", () => {
    const files = skaffold.build.artifacts.map(({ context = ".", docker }) =>
      docker === undefined ? `${ROOT}${context}/Dockerfile` : `${ROOT}${docker.dockerfile}`,
    );
    expect([...files, `${ROOT}${release.chartPath}/Chart.yaml`].filter((file) => !existsSync(file))).toEqual(
      [],
    );
  });

  it("sets values that the chart has, from the images that it builds", () => {
    const images = skaffold.build.artifacts.map(({ image }) => image.replaceAll("-", "_"));
    for (const [path, template] of Object.entries(release.setValueTemplates)) {
      expect([path, hasValue(path)]).toEqual([path, true]);
      expect(
        images.some((image) => new RegExp(`^\\{\\{\\.IMAGE_(REPO|TAG)_${image}\\}\\}$`, "u").test(template)),
      ).toBe(true);
    }
  });

  it("has a profile for development and one for production, which set values that the chart has", () => {
    expect(skaffold.profiles.map(({ name }) => name)).toEqual(["dev", "production"]);
    const set = skaffold.profiles
      .flatMap(({ patches }) => patches)
      .filter(({ path }) => path.endsWith("/setValues"))
      .flatMap(({ value }) => Object.keys(value as object));
    expect(set.length).toBeGreaterThan(0);
    expect(set.filter((path) => !hasValue(path))).toEqual([]);
  });

  it.each(skaffold.profiles)("is whole with the profile $name", ({ build, patches }) => {
    const whole = structuredClone({ ...skaffold, build: { ...skaffold.build, ...build } });
    for (const { path, value } of patches) {
      const found = /^\/deploy\/helm\/releases\/0\/(\w+)$/u.exec(path)?.[1] ?? "";
      Object.assign(whole.deploy.helm.releases[0], { [found]: value });
    }
    expect(skaffoldSchema.safeParse(whole).error).toBeUndefined();
  });
});

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Skaffold {
  readonly build: {
    readonly artifacts: readonly {
      readonly image: string;
      readonly context?: string;
      readonly docker?: { readonly dockerfile: string };
    }[];
  };
  readonly deploy: {
    readonly helm: {
      readonly releases: readonly [
        { readonly chartPath: string; readonly setValueTemplates: Readonly<Record<string, string>> },
      ];
    };
  };
  readonly profiles: readonly {
    readonly name: string;
    readonly patches: readonly { readonly path: string; readonly value: unknown }[];
  }[];
}

const skaffold = parse(await readFile(`${ROOT}skaffold.yaml`, "utf8")) as Skaffold;
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
});

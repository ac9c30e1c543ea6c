import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { permissionsOf, SERVICE_USERS } from "../../src/bus/permissions.ts";
import { chartFiles } from "./chart-files.ts";
import { rbacTemplate } from "./rbac-template.ts";
import { chartValuesSchema } from "./values-schema.ts";

const CHART = fileURLToPath(new URL("../../charts/rollyard/", import.meta.url));
const RBAC = fileURLToPath(new URL("../../config/rbac/", import.meta.url));
const RIGHTS = await readdir(RBAC);

async function templates(): Promise<string> {
  const names = await readdir(join(CHART, "templates"), { recursive: true });
  const files = names.filter((name) => /\.(yaml|tpl|txt)$/u.test(name));
  return (await Promise.all(files.map((name) => readFile(join(CHART, "templates", name), "utf8")))).join(
    "\n",
  );
}

describe("the files of the chart", () => {
  it("are what the code gives", async () => {
    for (const [path, text] of await chartFiles())
      expect([path, await readFile(join(CHART, path), "utf8")]).toEqual([path, text]);
  });

  it("bring values that pass their own schema once the image is named", async () => {
    const values = parse(await readFile(join(CHART, "values.yaml"), "utf8")) as { readonly image: object };
    const named = { ...values, image: { ...values.image, repository: "registry.example/rollyard" } };
    expect(chartValuesSchema.safeParse(named).error).toBeUndefined();
    expect(chartValuesSchema.safeParse(values).error?.issues.map(({ path }) => path)).toEqual([
      ["image", "repository"],
    ]);
  });

  it("refuse whatever value is not known, but for what is Kubernetes' own", async () => {
    const schema = JSON.parse(await readFile(join(CHART, "values.schema.json"), "utf8")) as Schema;
    const open = new Set(openParts(schema, []).map((path) => path.at(-1) ?? ""));
    expect([...open].toSorted()).toEqual([
      "affinity",
      "extraEnv[]",
      "extraManifests[]",
      "global",
      "metricsFrom[]",
      "tolerations[]",
      "topologySpreadConstraints[]",
    ]);
  });

  it("use no value that is not there", async () => {
    const values = parse(await readFile(join(CHART, "values.yaml"), "utf8")) as Readonly<
      Record<string, unknown>
    >;
    const used = new Set(
      [...(await templates()).matchAll(/\.Values\.([\w.]+)/gu)].map(([, path]) => path ?? ""),
    );
    used.delete("image.repository");
    const missing = [...used].filter((path) => valueAt(values, path) === undefined);
    expect(used.size).toBeGreaterThan(20);
    expect(missing).toEqual([]);
  });

  it("give the bus's users the permissions of the code", async () => {
    const { users } = JSON.parse(await readFile(join(CHART, "files/nats.json"), "utf8")) as {
      readonly users: unknown;
    };
    expect(users).toEqual(SERVICE_USERS.map((user) => ({ user, permissions: permissionsOf(user) })));
  });
});

describe("a file of rights as a template", () => {
  it.each(RIGHTS)("has every rule of %s, in the names of the release", async (name) => {
    const text = await readFile(join(RBAC, name), "utf8");
    const rendered = rbacTemplate(text)
      .replaceAll('{{ include "rollyard.fullname" . }}', "rollyard")
      .replaceAll("{{ .Release.Namespace }}", "rollyard-system")
      .replaceAll(/^\s*\{\{-.*\}\}\n/gmu, "");
    const objects = (from: string): readonly unknown[] =>
      parseAllDocuments(from)
        .map(
          (document) => document.toJS() as { readonly kind: string; readonly metadata: { labels?: object } },
        )
        .filter(({ kind }) => kind !== "Namespace")
        .map(({ metadata, ...rest }) => ({
          ...rest,
          metadata: { ...metadata, labels: metadata.labels ?? null },
        }));
    expect(objects(rendered)).toEqual(objects(text));
  });
});

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
}

/** Paths of objects that take any field with any value. */
function openParts(schema: Schema, path: readonly string[]): readonly (readonly string[])[] {
  const { type, properties = {}, items, additionalProperties: others } = schema;
  const rest = typeof others === "object" && Object.keys(others).length > 0 ? others : null;
  const isOpen = type === "object" && others !== false && rest === null;
  return [
    ...(isOpen ? [path] : []),
    ...Object.entries(properties).flatMap(([name, inner]) => openParts(inner, [...path, name])),
    ...(rest === null ? [] : openParts(rest, [...path, "*"])),
    ...(items === undefined ? [] : openParts(items, [...path.slice(0, -1), `${path.at(-1) ?? ""}[]`])),
  ];
}

function valueAt(values: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((inner, key) => (inner as Readonly<Record<string, unknown>> | undefined)?.[key], values);
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findCycles } from "./support/architecture/cycles.ts";
import { findBadHabits } from "./support/architecture/file-habits.ts";
import { importsOf } from "./support/architecture/imports.ts";
import { findWrongArrows } from "./support/architecture/layers.ts";
import { readSources } from "./support/architecture/source-map.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = readSources(root);
const planted = (files: Record<string, string>): ReadonlyMap<string, string> =>
  new Map(Object.entries(files));
const line = (path: string): string => `import { a } from "${path}";\n`;

describe("the repository", () => {
  it("has sources to look at", () => {
    expect(sources.has("src/errors/codes.ts")).toBe(true);
    expect([...sources.keys()].some((path) => path.startsWith("src/gen/"))).toBe(false);
  });

  it("imports from the outside in: services, adapters, domain, errors and lib", () => {
    expect(findWrongArrows(sources)).toEqual([]);
  });

  it("has no circle of imports", () => {
    const product = [...sources].filter(([path]) => /^(src|services)\//.test(path));
    expect(findCycles(new Map(product))).toEqual([]);
  });

  it("has no over-long, re-exporting, default-exporting or unfinished file", () => {
    expect(findBadHabits(sources)).toEqual([]);
  });

  it("says why each dependency is here", () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const reasons = readFileSync(join(root, "docs", "adr", "dependencies.md"), "utf8");
    const names = Object.keys({ ...dependencies, ...devDependencies });
    expect(names.filter((name) => !reasons.includes(`\`${name}\``))).toEqual([]);
  });
});

describe("importsOf", () => {
  it("sees every form of import and makes relative names into paths", () => {
    const text = [
      `import type { A } from "../lib/a.ts";`,
      `import {\n  b,\n  c,\n} from "@scope/name/deep.js";`,
      `import "node:net";`,
      `export { d } from "./d.ts";`,
      `const e = await import("./e.ts");`,
    ].join("\n");
    expect(importsOf("src/job/x.ts", text)).toEqual([
      { kind: "file", path: "src/lib/a.ts" },
      { kind: "package", name: "@scope/name" },
      { kind: "file", path: "src/job/d.ts" },
      { kind: "package", name: "node:net" },
      { kind: "file", path: "src/job/e.ts" },
    ]);
  });
});

describe("findWrongArrows", () => {
  it("catches arrows that point outwards", () => {
    const found = findWrongArrows(
      planted({
        "src/rollout/a.ts": line("../kube/client.ts"),
        "src/lib/b.ts": line("../job/c.ts"),
        "src/kube/client.ts": line("../../services/cli/main.ts"),
        "services/cli/main.ts": line("../worker/main.ts"),
        "src/job/c.ts": line("../../test/support/fake.ts"),
      }),
    );
    expect(found).toHaveLength(5);
  });

  it("catches packages of the outside in the domain", () => {
    const files = {
      "src/grader/a.ts": line("openai/core"),
      "src/lib/b.ts": line("node:http"),
      "src/bus/c.ts": line("nats"),
    };
    expect(findWrongArrows(planted(files))).toHaveLength(3);
  });

  it("catches a folder that has no layer yet", () => {
    expect(findWrongArrows(planted({ "src/newcomer/a.ts": line("../lib/b.ts") }))).toHaveLength(1);
  });

  it("lets arrows point inwards, adapters use their packages, and tests use fakes", () => {
    const files = {
      "services/cli/run.ts": line("../worker/create-worker.ts"),
      "services/worker/main.ts": line("../../src/bus/jetstream/bus.ts"),
      "src/bus/jetstream/bus.ts": line("nats") + line("../port.ts"),
      "src/rollout/a.ts": line("../lib/b.ts") + line("../errors/c.ts") + line("../bus/port.ts"),
      "src/rollout/a.test.ts": line("../../test/support/fake.ts"),
    };
    expect(findWrongArrows(planted(files))).toEqual([]);
  });
});

describe("findCycles", () => {
  it("names a circle once and leaves a diamond alone", () => {
    const files = {
      "src/job/a.ts": line("./b.ts") + line("./d.ts"),
      "src/job/b.ts": line("./c.ts") + line("./d.ts"),
      "src/job/c.ts": line("./a.ts"),
      "src/job/d.ts": "",
    };
    expect(findCycles(planted(files))).toEqual(["src/job/a.ts → src/job/b.ts → src/job/c.ts → src/job/a.ts"]);
  });
});

describe("findBadHabits", () => {
  it("catches each habit", () => {
    const found = findBadHabits(
      planted({
        "src/a.ts": "x\n".repeat(401),
        "src/b.ts": `export * from "./a.ts";`,
        "src/c.ts": `export {\n  a,\n} from "./a.ts";`,
        "src/d.ts": "export default 1;",
        "src/e.go": `// ${["TO", "DO"].join("")}: later`,
      }),
    );
    expect(found).toHaveLength(5);
  });

  it("accepts 400 lines, a plain export, and the default that a config file must have", () => {
    const files = {
      "src/a.ts": "x\n".repeat(400),
      "src/b.ts": "export const from = 1;",
      "vitest.config.ts": "export default {};",
    };
    expect(findBadHabits(planted(files))).toEqual([]);
  });
});

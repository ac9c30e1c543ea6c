import { describe, expect, it } from "vitest";
import type { Clause } from "./change-request.ts";
import { filesToChange } from "./files.ts";
import { readSourceFacts } from "./read-source-facts.ts";

const FILES: Readonly<Record<string, string>> = {
  "lib/a.js": "function run () {} module.exports = { run }",
  "lib/b.js": "const { run } = require('./a'); run()",
  "lib/c.js": "const a = require('./a.js'); module.exports = { go: a.run }",
  "lib/d.js": "function run () {} run() // like ./a",
  "test/b.test.js": "const b = proxyquire('../lib/b', { './a': {} })",
  "docs/one.md": "# One\nsee [two](./two.md#there)",
  "docs/two.md": "# Two `run(x)`\nnothing of one.md here",
  "package.json": '{"dependencies":{"rfdc":"1"}}',
};

const codeBase = {
  corpus: new Map(Object.entries(FILES).map(([path, text]) => [path, { path, text }])),
  sources: new Map(
    Object.entries(FILES)
      .filter(([path]) => path.endsWith(".js"))
      .map(([path, text]) => [path, readSourceFacts(path, text)]),
  ),
};

const find = (...answer: Clause[]) =>
  filesToChange(codeBase, { id: "x", kind: "module", question: "What has to change for x?", answer });

describe("finding the files that must change", () => {
  it("finds who imports a module, with or without extension, and who stubs it", () => {
    expect(find({ importsModule: "lib/a.js" })).toEqual(["lib/b.js", "lib/c.js", "test/b.test.js"]);
  });

  it("finds who takes an export, not who has a function of the same name", () => {
    expect(find({ importsName: { module: "lib/a.js", name: "run" } })).toEqual(["lib/b.js", "lib/c.js"]);
  });

  it("finds who calls an export, not who passes it on", () => {
    expect(find({ callsName: { module: "lib/a.js", name: "run" } })).toEqual(["lib/b.js"]);
  });

  it("finds links to a document, not mentions of it", () => {
    expect(find({ linksTo: "docs/two.md" }, { linksTo: "docs/one.md" })).toEqual(["docs/one.md"]);
  });

  it("finds headings and manifests", () => {
    expect(find({ heading: "run" }, { dependsOn: "rfdc" })).toEqual(["docs/two.md", "package.json"]);
  });

  it("keeps to the folders that a clause names", () => {
    expect(find({ identifier: "run", in: ["lib/c.js", "test/"] })).toEqual(["lib/c.js"]);
  });
});

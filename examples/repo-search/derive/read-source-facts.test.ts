import { describe, expect, it } from "vitest";
import { readSourceFacts } from "./read-source-facts.ts";

describe("reading a source file's facts", () => {
  it("sees names in code, not in comments or inside longer strings", () => {
    const { identifiers, strings } = readSourceFacts("a.js", "// kGone\nf('kTitle works', kUsed, 'CODE')");

    expect([...identifiers]).toEqual(["f", "kUsed"]);
    expect([...strings]).toEqual(["kTitle works", "CODE"]);
  });

  it("follows a name through require, renaming and the module's own name", () => {
    const { importedNames } = readSourceFacts(
      "a.js",
      "const { validate: v } = require('./a'); const w = require('./b'); const x = require('./c').y",
    );

    expect(importedNames).toEqual([
      { specifier: "./a", imported: "validate", local: "v" },
      { specifier: "./b", imported: "*", local: "w" },
      { specifier: "./c", imported: "y", local: "x" },
    ]);
  });

  it("sees which modules a test stubs", () => {
    const { stubbedModules } = readSourceFacts("a.test.js", "proxyquire('../lib/reply', { './hooks': {} })");

    expect(stubbedModules).toEqual([{ specifier: "../lib/reply", stubbed: "./hooks" }]);
  });

  it("tells members that are declared from members that are defined", () => {
    const types = readSourceFacts("a.d.ts", "export interface Reply { send (x: string): void }");
    const source = readSourceFacts("a.js", "Reply.prototype.send = function () {}; reply.code = 4");

    expect([...types.interfaceMembers]).toEqual(["Reply.send"]);
    expect([...source.definedMembers]).toEqual(["send"]);
  });

  it("names the file that does not parse", () => {
    expect(() => readSourceFacts("lib/bad.js", "const = ")).toThrow(/^lib\/bad\.js: /);
  });
});

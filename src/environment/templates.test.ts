import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RollyardError } from "../errors/rollyard-error.ts";
import { compileTemplate, renderArgv, renderText, renderValue } from "./templates.ts";

const text = (source: string, scope: Record<string, unknown>, strict: string[] = []): string =>
  renderText(compileTemplate(source), scope, { strict });

const value = (source: string, scope: Record<string, unknown>): unknown =>
  renderValue(compileTemplate(source), scope);

const argv = (sources: string[], scope: Record<string, unknown>): string[] =>
  renderArgv(sources.map(compileTemplate), scope);

const codeOf = (act: () => unknown): unknown => {
  try {
    act();
    return undefined;
  } catch (thrown) {
    return thrown instanceof RollyardError ? thrown.code : thrown;
  }
};

describe("templates", () => {
  it("keeps text without braces as it is", () => {
    fc.assert(
      fc.property(
        fc.string().filter((source) => !source.includes("{{")),
        (source) => text(source, {}) === source,
      ),
    );
  });

  it("finds any value by its path of keys and indexes", () => {
    const key = fc.stringMatching(/^[a-z_][a-zA-Z0-9_-]{0,8}$/);
    const segment = fc.oneof(key, fc.nat({ max: 3 }));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), fc.jsonValue(), (segments, leaf) => {
        const root = segments.reduceRight<unknown>(
          (inner, at) => (typeof at === "number" ? [...Array<null>(at).fill(null), inner] : { [at]: inner }),
          leaf,
        );
        const path = segments.map((at) => (typeof at === "number" ? `[${at}]` : `.${at}`)).join("");
        expect(value(`{{ item${path} }}`, { item: root })).toEqual(leaf);
      }),
    );
  });

  it("renders any JSON value inside text as its JSON, and strings as they are", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (leaf) => {
        const shown = typeof leaf === "string" ? leaf : leaf === null ? "" : JSON.stringify(leaf);
        expect(text("<{{item.v}}>", { item: { v: leaf } })).toBe(`<${shown}>`);
      }),
    );
  });

  it("never reads a rendered value as a template again", () => {
    expect(text("{{ item.a }}", { item: { a: "{{ item.b }}", b: "secret" } })).toBe("{{ item.b }}");
  });

  it("reaches nothing that a value inherits", () => {
    for (const path of ["__proto__", "constructor", "toString", "a.length", "list.length", "list[1]"]) {
      expect(value(`{{ item.${path} }}`, { item: { a: "text", list: ["x"] } })).toBeUndefined();
    }
    expect(value("{{ constructor.name }}", {})).toBeUndefined();
  });

  it("finds an own key named __proto__ and keys with blanks", () => {
    const item: unknown = JSON.parse('{"__proto__": {"a": 1}, "odd key.x": 2}');
    expect(value("{{ item.__proto__.a }}", { item })).toBe(1);
    expect(value('{{ item["odd key.x"] }}', { item })).toBe(2);
    expect(value("{{ item['odd key.x'] }}", { item })).toBe(2);
  });

  it("takes an index only for lists and a key only for objects", () => {
    expect(value("{{ item[0] }}", { item: { 0: "x" } })).toBeUndefined();
    expect(value("{{ item.0 }}", { item: ["x"] })).toBeUndefined();
  });

  it("renders absent values empty, but names them in a strict namespace", () => {
    expect(text("a{{ item.x }}b{{ sample.y }}", {})).toBe("ab");
    expect(() => text("a{{ item.x.y }}", { item: { x: 1 } }, ["item"])).toThrow('"item.x.y" does not exist');
    expect(text("{{ item.x }}|{{ sample.y }}", { item: { x: null } }, ["item"])).toBe("|");
  });

  it("spreads a list of texts into exactly those arguments", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (list) => {
        expect(argv(["grep", "{{ arguments.files }}", "."], { arguments: { files: list } })).toEqual([
          "grep",
          ...list,
          ".",
        ]);
      }),
    );
  });

  it("drops a whole element whose optional argument is absent or null", () => {
    const sources = ["ls", "{{ arguments.a }}", "--b={{ arguments.b }}", "{{ arguments.c }}"];
    expect(argv(sources, { arguments: { c: null } })).toEqual(["ls", "--b="]);
  });

  it("writes numbers, booleans and objects as JSON text", () => {
    expect(
      argv(["{{ arguments.n }}", "{{ arguments.t }}", "{{ arguments.o }}"], {
        arguments: { n: 1.5, t: false, o: { a: [1] } },
      }),
    ).toEqual(["1.5", "false", '{"a":[1]}']);
  });

  it("keeps an empty text as an argument", () => {
    expect(argv(["x", "{{ arguments.a }}"], { arguments: { a: "" } })).toEqual(["x", ""]);
  });

  it.each([
    "{{ item",
    "{{ }}",
    "{{ item. }}",
    "{{ item[x] }}",
    "{{ .State }}",
    "{{ item.a b }}",
    "{{ item[-1] }}",
  ])("refuses %s", (source) => {
    expect(() => compileTemplate(source)).toThrow(expect.objectContaining({ code: "template_error" }));
  });

  it("compiles any text or throws template_error, never anything else", () => {
    const piece = fc.constantFrom("{{", "}}", "item", ".", "[0]", " ", "x", "{", "}", '["', '"]');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const source = pieces.join("");
        expect(codeOf(() => compileTemplate(source))).toBeOneOf([undefined, "template_error"]);
      }),
    );
  });
});

import { parseSync, Visitor } from "oxc-parser";
import type { VisitorObject } from "oxc-parser";
import { collectMembers } from "./collect-members.ts";
import { collectModules } from "./collect-modules.ts";

/** A name that a file takes out of a module: `const { imported: local } = require(specifier)` and its ESM forms. */
export interface ImportedName {
  readonly specifier: string;
  /** The exported name; `*` for the whole module. */
  readonly imported: string;
  readonly local: string;
}

/** A test's stand-in: `proxyquire(specifier, { [stubbed]: … })`, where `stubbed` is relative to `specifier`'s file. */
export interface StubbedModule {
  readonly specifier: string;
  readonly stubbed: string;
}

/** What the syntax tree of one file says; comments and the insides of longer strings say nothing. */
export interface SourceFacts {
  readonly identifiers: Set<string>;
  /** Whole values of string literals. */
  readonly strings: Set<string>;
  /** Specifiers of `require`, `require.resolve`, `proxyquire`, `import` and `export from`. */
  readonly specifiers: Set<string>;
  readonly stubbedModules: StubbedModule[];
  readonly importedNames: ImportedName[];
  /** `object.name` of every plain member access, called or not. */
  readonly memberUses: Set<string>;
  /** What is called: `name` or `object.name`. */
  readonly calls: Set<string>;
  /** `Interface.member` of every TypeScript interface. */
  readonly interfaceMembers: Set<string>;
  /** Member names that get a function: `a.b.name = function`, `{ name () {} }`, `{ get name () {} }`. */
  readonly definedMembers: Set<string>;
}

/** Parses one JavaScript or TypeScript file; throws a `SyntaxError` naming the file when it does not parse. */
export function readSourceFacts(path: string, text: string): SourceFacts {
  const { program, errors } = parseSync(
    path,
    text,
    path.endsWith("ts") ? {} : { sourceType: "unambiguous" },
  );
  if (errors.length > 0)
    throw new SyntaxError(`${path}: ${errors[0]?.message ?? "does not parse"}`);
  const facts: SourceFacts = {
    identifiers: new Set(),
    strings: new Set(),
    specifiers: new Set(),
    stubbedModules: [],
    importedNames: [],
    memberUses: new Set(),
    calls: new Set(),
    interfaceMembers: new Set(),
    definedMembers: new Set(),
  };
  for (const collector of [collectNames(facts), collectModules(facts), collectMembers(facts)]) {
    new Visitor(collector).visit(program);
  }
  return facts;
}

function collectNames(facts: SourceFacts): VisitorObject {
  return {
    Identifier: (node) => void facts.identifiers.add(node.name),
    Literal: (node) => {
      if (typeof node.value === "string") facts.strings.add(node.value);
    },
  };
}

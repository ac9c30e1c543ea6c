import { parseSync, Visitor } from "oxc-parser";
import type { VisitorObject } from "oxc-parser";
import { collectMembers } from "./collect-members.ts";
import { collectModules } from "./collect-modules.ts";
import type { SourceFacts } from "./source-facts.ts";

/** Parses one JavaScript or TypeScript file; throws a `SyntaxError` naming the file when it does not parse. */
export function readSourceFacts(path: string, text: string): SourceFacts {
  const { program, errors } = parseSync(path, text, path.endsWith("ts") ? {} : { sourceType: "unambiguous" });
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message ?? "does not parse"}`);
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

import type { Argument, CallExpression, MemberExpression, Node, VisitorObject } from "oxc-parser";
import type { ImportedName, SourceFacts } from "./source-facts.ts";
import { dottedName, keyName, stringValue } from "./syntax.ts";

const REQUIRE_LIKE = new Set(["require", "require.resolve", "proxyquire"]);

/** Collects what a file imports, in CommonJS and ES modules, and which modules a test stubs. */
export function collectModules(facts: SourceFacts): VisitorObject {
  const addSpecifier = (specifier: string | undefined): void => {
    if (specifier !== undefined) facts.specifiers.add(specifier);
  };
  return {
    CallExpression: (node) => {
      const specifier = requiredModule(node);
      addSpecifier(specifier);
      if (specifier !== undefined) {
        facts.stubbedModules.push(...keysOf(node.arguments[1]).map((stubbed) => ({ specifier, stubbed })));
      }
    },
    ImportExpression: (node) => addSpecifier(stringValue(node.source)),
    ExportAllDeclaration: (node) => addSpecifier(node.source.value),
    ExportNamedDeclaration: (node) => addSpecifier(node.source?.value),
    ImportDeclaration: (node) => {
      const specifier = node.source.value;
      addSpecifier(specifier);
      for (const part of node.specifiers) {
        const imported = part.type === "ImportSpecifier" ? keyName(part.imported) : "*";
        facts.importedNames.push({ specifier, imported: imported ?? "*", local: part.local.name });
      }
    },
    VariableDeclarator: (node) => void facts.importedNames.push(...boundNames(node.id, node.init)),
  };
}

function requiredModule(node: CallExpression): string | undefined {
  return REQUIRE_LIKE.has(dottedName(node.callee) ?? "") ? stringValue(node.arguments[0]) : undefined;
}

function keysOf(argument: Argument | undefined): readonly string[] {
  if (argument?.type !== "ObjectExpression") return [];
  return argument.properties.flatMap((part) => (part.type === "Property" ? (keyName(part.key) ?? []) : []));
}

function boundNames(target: Node, value: Node | null): readonly ImportedName[] {
  if (value?.type === "MemberExpression") return boundMember(target, value);
  const specifier = value?.type === "CallExpression" ? requiredModule(value) : undefined;
  if (specifier === undefined) return [];
  if (target.type === "Identifier") return [{ specifier, imported: "*", local: target.name }];
  return destructuredNames(target).map((name) => ({ specifier, ...name }));
}

/** `const local = require(specifier).imported` */
function boundMember(target: Node, { object, property }: MemberExpression): readonly ImportedName[] {
  const specifier = object.type === "CallExpression" ? requiredModule(object) : undefined;
  const imported = keyName(property);
  if (specifier === undefined || imported === undefined || target.type !== "Identifier") return [];
  return [{ specifier, imported, local: target.name }];
}

function destructuredNames(target: Node): readonly Omit<ImportedName, "specifier">[] {
  if (target.type !== "ObjectPattern") return [];
  return target.properties.flatMap((property) => {
    if (property.type !== "Property" || property.value.type !== "Identifier") return [];
    const imported = keyName(property.key);
    return imported === undefined ? [] : [{ imported, local: property.value.name }];
  });
}

import type { Node, VisitorObject } from "oxc-parser";
import type { SourceFacts } from "./source-facts.ts";
import { dottedName, keyName } from "./syntax.ts";

/** Collects what a file calls, which members it reads, declares in interfaces, and defines as functions. */
export function collectMembers(facts: SourceFacts): VisitorObject {
  const define = (name: string | undefined, value: Node): void => {
    if (isFunction(value)) add(facts.definedMembers, name);
  };
  return {
    CallExpression: (node) => add(facts.calls, dottedName(node.callee)),
    NewExpression: (node) => add(facts.calls, dottedName(node.callee)),
    MemberExpression: (node) => add(facts.memberUses, dottedName(node)),
    TSInterfaceDeclaration: (node) => {
      for (const member of node.body.body) {
        if (member.type !== "TSMethodSignature" && member.type !== "TSPropertySignature") continue;
        facts.interfaceMembers.add(`${node.id.name}.${keyName(member.key) ?? ""}`);
      }
    },
    AssignmentExpression: (node) => {
      if (node.left.type === "MemberExpression") define(keyName(node.left.property), node.right);
    },
    Property: (node) => define(keyName(node.key), node.value),
  };
}

function add(names: Set<string>, name: string | undefined): void {
  if (name !== undefined) names.add(name);
}

function isFunction(node: Node): boolean {
  if (node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression") return true;
  if (node.type !== "ObjectExpression") return false;
  // a descriptor: Object.defineProperties(prototype, { name: { get () {} } })
  return node.properties.some(
    (part) => part.type === "Property" && ["get", "value"].includes(keyName(part.key) ?? ""),
  );
}

import type { Node } from "oxc-parser";

/** The value of a string literal. */
export function stringValue(node: Node | null | undefined): string | undefined {
  return node?.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}

/** The name of an object's or interface's key, or of an exported name: `name` or `"name"`. */
export function keyName(key: Node): string | undefined {
  return key.type === "Identifier" ? key.name : stringValue(key);
}

/** `name` or `object.name`; nothing for deeper or computed expressions. */
export function dottedName(node: Node): string | undefined {
  if (node.type === "Identifier") return node.name;
  if (node.type !== "MemberExpression" || node.computed || node.property.type !== "Identifier")
    return undefined;
  return node.object.type === "Identifier" ? `${node.object.name}.${node.property.name}` : undefined;
}

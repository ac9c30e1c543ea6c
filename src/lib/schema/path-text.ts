/** Where in a document a value is: object keys and list indexes from the root. */
export type ValuePath = readonly (string | number)[];

/** A path as people write it: `spec.tools[1].exec.argv`; a key that needs it is quoted: `data["my key"]`. */
export function pathText(path: ValuePath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (!/^[\w$-]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

import { RollyardError } from "../errors/rollyard-error.ts";

/** A value's place: a namespace such as `item`, then object keys (texts) and list indexes (numbers). */
export interface TemplatePath {
  readonly namespace: string;
  readonly segments: readonly (string | number)[];
  /** The path as it was written, without blanks around it. */
  readonly text: string;
}

const NAMESPACE = /^[A-Za-z_][A-Za-z0-9_]*/;
const SEGMENT = /^(?:\.([^\s.[\]{}"']+)|\[(\d{1,9})\]|\["([^"\\]*)"\]|\['([^'\\]*)'\])/;

/**
 * Reads `item.a[0].b` or `item["odd key"]`.
 * Throws `template_error` for a text that is no such path; the message repeats the path, which is the author's own.
 */
export function parseTemplatePath(source: string): TemplatePath {
  const text = source.trim();
  const namespace = NAMESPACE.exec(text)?.[0];
  if (namespace === undefined) throw notAPath(text);
  const segments: (string | number)[] = [];
  let rest = text.slice(namespace.length);
  while (rest !== "") {
    const match = SEGMENT.exec(rest);
    if (match === null) throw notAPath(text);
    const [whole, key, index, quoted, singleQuoted] = match;
    segments.push(index === undefined ? (key ?? quoted ?? singleQuoted ?? "") : Number(index));
    rest = rest.slice(whole.length);
  }
  return { namespace, segments, text };
}

function notAPath(text: string): RollyardError {
  return new RollyardError("template_error", {
    message: `"{{ ${text} }}" is not a path such as item.question or sample.output_tools[0]`,
  });
}

/**
 * The value at a path, or undefined where it is absent. Only own keys of objects and indexes of lists count:
 * nothing that a value inherits (`__proto__`, `constructor`, `length`) can be reached.
 */
export function valueAtPath(root: unknown, segments: readonly (string | number)[]): unknown {
  let value = root;
  for (const segment of segments) {
    value = childOf(value, segment);
    if (value === undefined) return undefined;
  }
  return value;
}

function childOf(value: unknown, segment: string | number): unknown {
  if (Array.isArray(value)) return typeof segment === "number" ? value[segment] : undefined;
  if (typeof value !== "object" || value === null || typeof segment === "number") return undefined;
  return Object.hasOwn(value, segment) ? Reflect.get(value, segment) : undefined;
}

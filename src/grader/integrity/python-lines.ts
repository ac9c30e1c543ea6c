import { depthAfter, readPython } from "./read-python.ts";

/** A line of Python, with those that go on with it. */
export interface PythonLine {
  readonly from: number;
  readonly text: string;
}

/** The lines of Python as far as they can be told, and from where on they can't: brackets or quotes are open there. */
export function pythonLines(code: string): {
  readonly lines: readonly PythonLine[];
  readonly toldTo: number;
} {
  const lines: PythonLine[] = [];
  let from = 0;
  for (const { kind, to } of readPython(code)) {
    if (kind !== "newline") continue;
    lines.push({ from, text: code.slice(from, to) });
    from = to;
  }
  return { lines, toldTo: from };
}

/** What stands between the brackets of the line that begins a function, and what follows its colon. */
export function headOf(line: string): { readonly given: string; readonly rest: string } {
  let depth = 0;
  let opened = 0;
  let closed = 0;
  let at = 0;
  for (const { kind, from, to } of readPython(line)) {
    const colon = depth === 0 && closed > 0 ? line.slice(at, from).indexOf(":") : -1;
    if (colon !== -1) return { given: line.slice(opened, closed), rest: line.slice(at + colon + 1) };
    at = to;
    depth = depthAfter(kind, depth);
    if (kind === "open" && opened === 0) opened = to;
    if (kind === "close" && closed === 0 && depth === 0) closed = from;
  }
  return { given: line.slice(opened, closed), rest: "" };
}

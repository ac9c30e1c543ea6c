/** Blanks of `str.split()` that are none of JavaScript's; U+FEFF is one of JavaScript's only. */
const PYTHON_ONLY = ["\u001c", "\u001d", "\u001e", "\u001f", "\u0085"];

/** The words of a text, as Python's `str.split()` gives them. */
export function pythonSplit(text: string): readonly string[] {
  const blanked = PYTHON_ONLY.reduce((line, blank) => line.replaceAll(blank, " "), text);
  return blanked.split(/(?:(?!\uFEFF)\s)+/u).filter((word) => word !== "");
}

import { importedFiles } from "./imports.ts";
import type { SourceMap } from "./source-map.ts";

/** Every circle of imports that a walk in depth meets, as `a → b → a`; type imports count, they show the same tangle. */
export function findCycles(sources: SourceMap): readonly string[] {
  const finished = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      cycles.push([...trail.slice(start), path].join(" → "));
      return;
    }
    if (finished.has(path)) return;
    for (const next of importedFiles(sources, path)) visit(next, [...trail, path]);
    finished.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return cycles;
}

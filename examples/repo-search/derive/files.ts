import { posix } from "node:path";
import type { ChangeRequest, Clause } from "./change-request.ts";
import type { CodeBase } from "./code-base.ts";
import { resolveModule } from "./resolve-module.ts";
import type { ImportedName, SourceFacts } from "./source-facts.ts";

/** The files that a request must change: what any of its clauses finds, in path order. */
export function filesToChange(codeBase: CodeBase, request: ChangeRequest): readonly string[] {
  const found = request.answer.flatMap((clause) => {
    const paths = filesOf(codeBase, clause);
    return paths.filter(
      (path) => clause.in === undefined || clause.in.some((scope) => path.startsWith(scope)),
    );
  });
  return [...new Set(found)].toSorted();
}

function filesOf(codeBase: CodeBase, clause: Clause): readonly string[] {
  if ("file" in clause) return [...codeBase.corpus.keys()].filter((path) => path === clause.file);
  if ("linksTo" in clause || "heading" in clause || "mentions" in clause) return documents(codeBase, clause);
  if ("dependsOn" in clause) return dependents(codeBase, clause.dependsOn);
  return sources(codeBase, sourceTest(codeBase, clause));
}

type DocumentClause = Extract<Clause, { linksTo: string } | { heading: string } | { mentions: string }>;
type DependencyClause = Extract<Clause, { dependsOn: string } | { file: string }>;
type SourceClause = Exclude<Clause, DocumentClause | DependencyClause>;
type SourceTest = (path: string, facts: SourceFacts) => boolean;

function sources(codeBase: CodeBase, test: SourceTest): readonly string[] {
  return [...codeBase.sources].filter(([path, facts]) => test(path, facts)).map(([path]) => path);
}

function sourceTest(codeBase: CodeBase, clause: SourceClause): SourceTest {
  if ("identifier" in clause) return (_, facts) => facts.identifiers.has(clause.identifier);
  if ("string" in clause) return (_, facts) => facts.strings.has(clause.string);
  if ("declaresMember" in clause) return (_, facts) => facts.interfaceMembers.has(clause.declaresMember);
  if ("definesMember" in clause) return (_, facts) => facts.definedMembers.has(clause.definesMember);
  if ("importsModule" in clause) return (path, facts) => imports(codeBase, path, facts, clause.importsModule);
  const { module, name } = "importsName" in clause ? clause.importsName : clause.callsName;
  return (path, facts) => {
    const bindings = facts.importedNames.filter(
      ({ specifier }) => resolveModule(codeBase.corpus, path, specifier) === module,
    );
    return bindings.some((binding) =>
      "importsName" in clause ? takes(binding, facts, name) : calls(binding, facts, name),
    );
  };
}

function imports({ corpus }: CodeBase, path: string, facts: SourceFacts, module: string): boolean {
  const direct = [...facts.specifiers].some((specifier) => resolveModule(corpus, path, specifier) === module);
  return (
    direct ||
    facts.stubbedModules.some(({ specifier, stubbed }) => {
      const tested = resolveModule(corpus, path, specifier);
      return tested !== undefined && resolveModule(corpus, tested, stubbed) === module;
    })
  );
}

function takes(binding: ImportedName, facts: SourceFacts, name: string): boolean {
  if (binding.imported === name) return true;
  return binding.imported === "*" && facts.memberUses.has(`${binding.local}.${name}`);
}

function calls(binding: ImportedName, facts: SourceFacts, name: string): boolean {
  if (binding.imported === name) return facts.calls.has(binding.local);
  return binding.imported === "*" && facts.calls.has(`${binding.local}.${name}`);
}

function dependents({ corpus, sources: parsed }: CodeBase, name: string): readonly string[] {
  const importers = [...parsed].filter(([, facts]) =>
    [...facts.specifiers].some((specifier) => specifier === name || specifier.startsWith(`${name}/`)),
  );
  const manifests = [...corpus.values()].filter(
    ({ path, text }) => posix.basename(path) === "package.json" && listsDependency(text, name),
  );
  return [...importers.map(([path]) => path), ...manifests.map(({ path }) => path)];
}

function listsDependency(manifest: string, name: string): boolean {
  const { dependencies, devDependencies } = JSON.parse(manifest) as Record<string, object | undefined>;
  return Object.hasOwn(dependencies ?? {}, name) || Object.hasOwn(devDependencies ?? {}, name);
}

function documents({ corpus }: CodeBase, clause: DocumentClause): readonly string[] {
  const test = documentTest(clause);
  return [...corpus.values()]
    .filter(({ path, text }) => path.endsWith(".md") && test(path, text))
    .map(({ path }) => path);
}

function documentTest(clause: DocumentClause): (path: string, text: string) => boolean {
  if ("linksTo" in clause) return (path, text) => linkTargets(path, text).includes(clause.linksTo);
  if ("mentions" in clause) return (_, text) => new RegExp(`\\b${clause.mentions}\\b`).test(text);
  return (_, text) => new RegExp(`^#+ .*\\b${clause.heading}\\b`, "m").test(text);
}

function linkTargets(path: string, text: string): readonly string[] {
  const inline = [...text.matchAll(/\]\(([^)\s#]+)/g)];
  const reference = [...text.matchAll(/^\[[^\]]+\]:\s*([^\s#]+)/gm)];
  return [...inline, ...reference].map((match) => posix.join(posix.dirname(path), match[1] ?? ""));
}

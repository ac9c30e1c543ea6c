/** A name that a file takes out of a module: `const { imported: local } = require(specifier)` and its ESM forms. */
export interface ImportedName {
  readonly specifier: string;
  /** The exported name; `*` for the whole module. */
  readonly imported: string;
  readonly local: string;
}

/** A test's stand-in: `proxyquire(specifier, { [stubbed]: … })`, where `stubbed` is relative to `specifier`'s file. */
export interface StubbedModule {
  readonly specifier: string;
  readonly stubbed: string;
}

/** What the syntax tree of one file says; comments and the insides of longer strings say nothing. */
export interface SourceFacts {
  readonly identifiers: Set<string>;
  /** Whole values of string literals. */
  readonly strings: Set<string>;
  /** Specifiers of `require`, `require.resolve`, `proxyquire`, `import` and `export from`. */
  readonly specifiers: Set<string>;
  readonly stubbedModules: StubbedModule[];
  readonly importedNames: ImportedName[];
  /** `object.name` of every plain member access, called or not. */
  readonly memberUses: Set<string>;
  /** What is called: `name` or `object.name`. */
  readonly calls: Set<string>;
  /** `Interface.member` of every TypeScript interface. */
  readonly interfaceMembers: Set<string>;
  /** Member names that get a function: `a.b.name = function`, `{ name () {} }`, `{ get name () {} }`. */
  readonly definedMembers: Set<string>;
}

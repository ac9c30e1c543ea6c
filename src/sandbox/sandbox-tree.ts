/** One regular file of a sandbox. */
export interface TreeFile {
  /** Relative to the path that was asked for, with `/`; empty when that is the file itself. Without `..` and `.`. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly isExecutable: boolean;
}

/** What a sandbox has at a path. */
export type SandboxTree =
  | { readonly kind: "files"; readonly files: readonly TreeFile[] }
  /** There is nothing; `ended` where that is because the agent ended its sandbox. */
  | { readonly kind: "absent"; readonly ended?: true }
  /** It is larger than asked for, or the path leads out of the workdir or through a symbolic link. */
  | { readonly kind: "refused"; readonly reason: "too_large" | "link" };

/** How much of a sandbox is read at once. */
export interface TreeLimits {
  /** Of all files together, as large as they say they are. */
  readonly maxBytes: number;
  /** Files, folders and links together. */
  readonly maxEntries: number;
}

/** A file for a clean sandbox. */
export interface GraderFile {
  /** Below the workdir, with `/`, without `.` and `..`. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly isExecutable: boolean;
}

/** The author's own files of the graders of one environment, by {@link assetsKey}. */
export type GraderAssets = ReadonlyMap<string, readonly GraderFile[]>;

/** Where a grader's own files come from. */
export interface AssetsSource {
  readonly path?: string | undefined;
  readonly configMap?: string | undefined;
}

/** The name of a source, the same wherever it is read. */
export function assetsKey({ path, configMap }: AssetsSource): string {
  return path === undefined ? `configMap:${configMap ?? ""}` : `path:${path}`;
}

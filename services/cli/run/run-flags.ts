/** What `--sandbox` may be. */
export const LAUNCHER_CHOICES = ["auto", "docker", "bubblewrap", "gvisor", "process"] as const;

/** The flags of `rollyard run`. */
export interface RunFlags {
  readonly file: readonly string[];
  readonly out?: string;
  readonly parallelism?: number;
  readonly items?: number;
  readonly samples?: number;
  readonly modelUrl?: string;
  readonly model?: string;
  readonly secret: readonly string[];
  readonly sandbox: (typeof LAUNCHER_CHOICES)[number];
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
}

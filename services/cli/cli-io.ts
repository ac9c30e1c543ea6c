/** What commands may touch of the process they run in; tests pass their own. */
export interface CliIo {
  /** Writes to standard output; the text brings its own newlines. */
  readonly stdout: (text: string) => void;
  /** Writes to standard error; the text brings its own newlines. */
  readonly stderr: (text: string) => void;
  /** Asks who sits at the terminal for a line; null where nobody does. */
  readonly ask: (question: string) => Promise<string | null>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How the user types this program where it stands: `rollyard`, or `npx rollyard` in a clone. */
  readonly command: string;
  /** Absolute folder that relative file names count from. */
  readonly cwd: string;
  /** Sets what the process exits with: 0 complete, 1 failed or ungraded, 2 bad input, 130 interrupted. */
  readonly setExitCode: (code: number) => void;
}

/** Tells on standard error how a run goes. */
export interface Progress {
  /** A line that stays. */
  say(text: string): void;
  /** The line that is written over. */
  show(text: string): void;
  /** What to undo when the run is interrupted; returns the function that forgets it. */
  onInterrupt(undo: () => Promise<void>): () => void;
}

const EVERY_MS = 10_000;
const INTERRUPTED = 130;

/** One that also ends the process on Ctrl-C, after everything is undone, last first. */
export function newProgress(isQuiet: boolean): Progress {
  const { stderr } = process;
  const undoing: (() => Promise<void>)[] = [];
  let shownMs = -EVERY_MS;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      stderr.write("\nending everything\n");
      void undoAll(undoing).finally(() => process.exit(INTERRUPTED));
    });
  }
  return {
    say: (text) => {
      if (!isQuiet) stderr.write(stderr.isTTY ? `\r\u001B[K${text}\n` : `${text}\n`);
    },
    show: (text) => {
      if (isQuiet) return;
      if (stderr.isTTY) stderr.write(`\r\u001B[K${text}`);
      else if (performance.now() - shownMs >= EVERY_MS) {
        shownMs = performance.now();
        stderr.write(`${text}\n`);
      }
    },
    onInterrupt: (undo) => {
      undoing.push(undo);
      return () => void undoing.splice(undoing.indexOf(undo), 1);
    },
  };
}

async function undoAll(undoing: (() => Promise<void>)[]): Promise<void> {
  for (const undo of undoing.splice(0).toReversed()) await undo().catch(() => undefined);
}

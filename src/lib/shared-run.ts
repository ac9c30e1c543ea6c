/**
 * Makes an action that many may ask for at once: who asks while it runs shares the next run, which begins after they asked.
 * A run that rejects rejects for all who share it.
 */
export function sharedRun(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;
  const begin = (): Promise<void> => {
    next = null;
    running = action();
    return running;
  };
  return () => (next ??= running.then(begin, begin));
}

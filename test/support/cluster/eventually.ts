const POLL_MS = 20;

/** Resolves once a condition holds; rejects with what was last seen when it does not within `patienceMs`. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  isRight: (seen: T) => boolean,
  patienceMs = 30_000,
  pollMs = POLL_MS,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (isRight(seen)) return seen;
    if (performance.now() > deadline)
      throw new Error(`not so within ${patienceMs} ms: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

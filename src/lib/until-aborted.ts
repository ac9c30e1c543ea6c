/** The promise's value, or null once the signal aborts; what the promise still brings is then nobody's. */
export async function untilAborted<T extends object>(
  promise: Promise<T>,
  signal: AbortSignal,
): Promise<T | null> {
  // A rejection that comes too late is nobody's either.
  promise.catch(() => undefined);
  if (signal.aborted) return null;
  const { promise: aborted, resolve } = Promise.withResolvers<null>();
  const onAbort = (): void => resolve(null);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

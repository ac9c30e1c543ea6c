import type { Clock } from "../lib/clock.ts";

/** What a stream that lasts looks after. */
export interface WatchfulOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Rejects once the reader may not read any more. */
  readonly authorize: () => Promise<void>;
  /** What is to be said beside "nothing has happened"; null when the job is gone. */
  readonly tell: () => Promise<object | null>;
}

const AUTHORIZE_EVERY_MS = 30_000;

/** The same lines, while the reader may read them; a `wait` line says what the job waits for. Rejects as `authorize` does. */
export async function* watchfulLines<T extends { readonly type: string }>(
  lines: AsyncIterable<T>,
  { clock, authorize, tell }: WatchfulOptions,
): AsyncGenerator<object, void, undefined> {
  let authorizedAtMs = clock.monotonicMs();
  for await (const line of lines) {
    if (clock.monotonicMs() - authorizedAtMs >= AUTHORIZE_EVERY_MS) {
      await authorize();
      authorizedAtMs = clock.monotonicMs();
    }
    if (line.type !== "wait") {
      yield line;
      continue;
    }
    const told = await tell();
    if (told === null) return yield { type: "gone" };
    yield { ...line, ...told };
  }
}

import type { PartApi, PartReply, PartRequest } from "./part.ts";

/**
 * The part's own side of {@link Part}: answers until the channel closes, then runs `stop` and ends. Ctrl-C reaches the
 * whole terminal: only the benchmark acts on it.
 */
export function servePart(api: PartApi, stop: () => Promise<void>): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
  process.on("message", (request) => void answer(api, request as PartRequest));
  process.once("disconnect", () => void stop().finally(() => process.exit(0)));
}

async function answer(api: PartApi, { id, method, argument }: PartRequest): Promise<void> {
  const run = api[method];
  if (run === undefined) return reply({ id, error: `no method ${method}` });
  try {
    const result = await run(argument as never);
    reply({ id, result });
  } catch (error) {
    reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : "unknown" });
  }
}

function reply(message: PartReply): void {
  // Nobody asks any more when the channel is closed.
  if (process.connected) process.send?.(message);
}

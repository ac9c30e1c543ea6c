import { z } from "zod";

const messageSchema = z.object({ relayedSignal: z.enum(["SIGINT", "SIGTERM", "SIGHUP"]) });

type RelayedSignal = z.output<typeof messageSchema>["relayedSignal"];

/**
 * Calls back for each signal that the launcher got and tells of by message; it may have come here by itself too. Returns the
 * function that ends it.
 */
export function onRelayedSignal(handler: (signal: RelayedSignal) => void): () => void {
  const onMessage = (message: unknown): void => {
    const parsed = messageSchema.safeParse(message);
    if (parsed.success) handler(parsed.data.relayedSignal);
  };
  process.on("message", onMessage);
  // To listen is no reason to stay.
  process.channel?.unref();
  return () => void process.off("message", onMessage);
}

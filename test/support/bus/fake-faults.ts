import type { OutgoingMessage } from "../../../src/bus/port.ts";
import type { StreamName } from "../../../src/bus/streams.ts";

/**
 * What happens to one publish. `lost_before`: it never arrives; `lost_after`: it is stored and the answer is lost;
 * `in_flight`: refused as 10164 although nobody else publishes; `full`: refused for space; a delay arrives late.
 */
export type PublishFault = "lost_before" | "lost_after" | "in_flight" | "full" | { readonly delayMs: number };

/** What happens to one direct read: the replica that answers lacks what was stored in the last `lagMs`. */
export type ReadFault = { readonly lagMs: number } | "lost";

/** What happens to one acknowledgement, nak or beat. */
export type AckFault = "lost" | { readonly delayMs: number };

/** What happens to one request: its way there or its answer is lost. */
export type RequestFault = "lost_before" | "lost_after";

/** Decides by its own seed. Each is asked once for every operation, in the order in which these happen. */
export interface FakeBusFaults {
  onPublish?(client: string, message: OutgoingMessage): PublishFault | undefined;
  /** Only direct reads can lag, and only with three replicas. */
  onRead?(client: string, stream: StreamName, subject: string): ReadFault | undefined;
  onAck?(client: string, subject: string, kind: "ack" | "nak" | "working"): AckFault | undefined;
  onRequest?(client: string, subject: string): RequestFault | undefined;
  /** By how many milliseconds an answer about a whole stream is late: its subjects, or a replay of its headers. */
  onInfo?(client: string, stream: StreamName): number;
}

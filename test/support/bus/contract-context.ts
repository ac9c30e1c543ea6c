import type { Bus } from "../../../src/bus/port.ts";
import type { ServiceUser } from "../../../src/bus/permissions.ts";
import type { StreamSizing } from "../../../src/bus/stream-settings.ts";

/** A bus with servers that a test may restart. */
export interface BusUnderTest {
  /** A client of a service, by default of the controller. */
  connect(name: string, user?: ServiceUser): Promise<Bus>;
  /** Stops the servers in the hard way and starts them again on the same store; resolves when they run. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the servers with these sizes; the clients' `ensureStreams` uses them. */
export type MakeBus = (sizing: Omit<StreamSizing, "replicas">) => Promise<BusUnderTest>;

/** What each part of the contract gets. */
export interface ContractContext {
  /** The controller's client. */
  bus(): Bus;
  /** A worker's client. */
  worker(): Bus;
  servers(): BusUnderTest;
}

/** Short enough to wait for in a test. */
export const ACK_WAIT_MS = 600;

/** Small streams that a test can fill. */
export const SMALL_STREAM_BYTES = 256 * 1024;

let jobs = 0;

/** Subjects of a job that no other test uses. */
export function freshJob(): { readonly namespace: string; readonly jobUid: string } {
  return { namespace: "team", jobUid: (++jobs).toString(16).padStart(12, "0") };
}

/** Bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Text of bytes. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

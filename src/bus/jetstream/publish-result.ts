import { RollyardError } from "../../errors/rollyard-error.ts";
import type { PublishResult } from "../port.ts";

/** The part of a PubAck that decides. Wire format: nats-architecture-and-design, ADR-1 and ADR-31. */
interface PubAck {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly code?: number; readonly description?: string };
}

const WRONG_SEQUENCE = 10071;
const IN_FLIGHT = 10164;
const STORE_FAILED = 10077;
/** Insufficient resources, memory, storage; the ingest limit; the account's limit: all mean "not now". */
const FULL_CODES: ReadonlySet<number> = new Set([10002, 10023, 10028, 10047, 10122, 10167]);
/** The cluster has no leader or the one asked is none: whether it was proposed is not known. */
const UNSETTLED_CODES: ReadonlySet<number> = new Set([10008, 10009, 10039]);

const decoder = new TextDecoder();

/**
 * Reads the server's answer to a publish. `duplicate: true` is never success: it says that some message id was
 * seen, not that this payload is stored, and we send no ids; it can only be somebody's interference.
 * Throws `internal` for refusals that no retry can cure (message too large, sealed stream, unreadable answer).
 */
export function parsePubAck(data: Uint8Array): PublishResult {
  const ack = parseJson(data);
  if (ack.error !== undefined) return refusal(ack.error);
  if (typeof ack.seq === "number" && ack.seq > 0 && ack.duplicate !== true) {
    return { kind: "stored", sequence: ack.seq };
  }
  return { kind: "unknown" };
}

function refusal(error: NonNullable<PubAck["error"]>): PublishResult {
  const code = error.err_code ?? 0;
  if (code === WRONG_SEQUENCE) return { kind: "wrong_sequence" };
  if (code === IN_FLIGHT) return { kind: "in_flight" };
  if (code === STORE_FAILED) return storeFailed(error.description ?? "");
  if (FULL_CODES.has(code)) return { kind: "full" };
  if (UNSETTLED_CODES.has(code)) return { kind: "unknown" };
  if (error.code === 503) return { kind: "full" };
  throw new RollyardError("internal", {
    message: `The bus refuses a message for good (error ${code}).`,
    details: { bus_error: code },
  });
}

function storeFailed(description: string): PublishResult {
  return description.includes("maximum messages per subject exceeded")
    ? { kind: "slot_taken" }
    : { kind: "full" };
}

function parseJson(data: Uint8Array): PubAck {
  try {
    return JSON.parse(decoder.decode(data)) as PubAck;
  } catch (cause) {
    throw new RollyardError("internal", { message: "The bus answered a publish with no PubAck.", cause });
  }
}

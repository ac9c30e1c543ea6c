import type { StreamFill, WorkState } from "../inspection.ts";
import { STREAM_NAMES, workConsumer } from "../stream-settings.ts";
import { STREAMS, WORK_KINDS } from "../streams.ts";
import type { StreamName, WorkKind } from "../streams.ts";
import { workFilter } from "../subjects.ts";
import { callApi, callApiOrThrow, apiFailure } from "./api.ts";
import type { BusConnection } from "./connection.ts";

/** What STREAM.INFO answers, as far as it is used. */
interface StreamInfo {
  readonly config: { readonly max_bytes: number };
  readonly state: { readonly bytes: number; readonly messages: number; readonly last_ts: string };
}

/** What CONSUMER.INFO answers, as far as it is used. */
interface ConsumerInfo {
  readonly num_pending: number;
  readonly num_ack_pending: number;
  readonly num_redelivered: number;
  readonly num_waiting: number;
  readonly ack_floor: { readonly last_active?: string };
  readonly delivered: { readonly stream_seq: number };
}

const NO_MESSAGE = 10037;

/** How full every stream is. Throws `bus_unavailable`. */
export function streamFills(connection: BusConnection): Promise<readonly StreamFill[]> {
  return Promise.all(STREAM_NAMES.map((stream) => fillOf(connection, stream)));
}

/** How every kind of work stands. Throws `bus_unavailable`. */
export function workStates(connection: BusConnection): Promise<readonly WorkState[]> {
  return Promise.all(WORK_KINDS.map((kind) => stateOf(connection, kind)));
}

async function fillOf(connection: BusConnection, stream: StreamName): Promise<StreamFill> {
  const info = await callApiOrThrow<StreamInfo>(connection, `STREAM.INFO.${STREAMS[stream]}`, {});
  const { bytes, messages, last_ts: last } = info.state;
  const lastStoredAtMs = messages === 0 ? null : Date.parse(last);
  return { stream, usedBytes: bytes, maxBytes: info.config.max_bytes, lastStoredAtMs };
}

async function stateOf(connection: BusConnection, kind: WorkKind): Promise<WorkState> {
  const consumer = `${STREAMS.work}.${workConsumer(kind)}`;
  const [info, oldest] = await Promise.all([
    callApiOrThrow<ConsumerInfo>(connection, `CONSUMER.INFO.${consumer}`, {}),
    oldestOf(connection, kind, 1),
  ]);
  const untaken =
    info.num_pending === 0 ? null : await oldestOf(connection, kind, info.delivered.stream_seq + 1);
  const { last_active: lastAck } = info.ack_floor;
  return {
    kind,
    waiting: info.num_pending,
    unacked: info.num_ack_pending,
    redelivered: info.num_redelivered,
    pulls: info.num_waiting,
    lastAckAtMs: lastAck === undefined ? null : Date.parse(lastAck),
    oldest,
    oldestUntakenAtMs: untaken?.storedAtMs ?? null,
  };
}

async function oldestOf(
  connection: BusConnection,
  kind: WorkKind,
  fromSequence: number,
): Promise<WorkState["oldest"]> {
  const operation = `STREAM.MSG.GET.${STREAMS.work}`;
  const query = { seq: fromSequence, next_by_subj: workFilter(kind) };
  const answer = await callApi<{ readonly message: { readonly subject: string; readonly time: string } }>(
    connection,
    operation,
    query,
  );
  if (answer.ok) {
    const { subject, time } = answer.value.message;
    return { subject, storedAtMs: Date.parse(time) };
  }
  if (answer.error.err_code === NO_MESSAGE) return null;
  throw apiFailure(operation, answer.error);
}

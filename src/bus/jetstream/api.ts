import { RollyardError } from "../../errors/rollyard-error.ts";
import type { BusConnection } from "./connection.ts";
import { requestOnce } from "./request.ts";
import { untilAnswered } from "./retry.ts";

/** An error of the JetStream API. */
export interface ApiError {
  readonly code?: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** What every answer of the JetStream API may be. */
export type ApiAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ApiError };

/** No leader, not the leader, not ready yet: ask again. */
const RETRY_CODES: ReadonlySet<number> = new Set([10008, 10009, 10023, 10039, 10041, 10074]);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Longest wait for one try: a request that no server took is asked again well before the whole time is over. */
const TRY_MS = 2000;

/**
 * One call of the JetStream API, asked again while there is no connection or no leader. So only calls that are
 * safe to repeat. Throws `bus_unavailable` after the request timeout and `bus_forbidden`.
 */
export function callApi<T>(
  connection: BusConnection,
  operation: string,
  body: unknown,
): Promise<ApiAnswer<T>> {
  const subject = `$JS.API.${operation}`;
  const payload = encoder.encode(JSON.stringify(body));
  return untilAnswered<ApiAnswer<T>>(connection, connection.options.requestTimeoutMs, async (remainingMs) => {
    const reply = await requestOnce(connection, {
      subject,
      payload,
      timeoutMs: Math.min(TRY_MS, remainingMs),
    });
    if (reply.kind !== "reply") return undefined;
    const answer = JSON.parse(decoder.decode(reply.message.data)) as T & { error?: ApiError };
    if (answer.error === undefined) return { value: { ok: true, value: answer } };
    if (RETRY_CODES.has(answer.error.err_code ?? 0)) return undefined;
    return { value: { ok: false, error: answer.error } };
  });
}

/** As {@link callApi}, for calls that have no expected error: any is `internal`. */
export async function callApiOrThrow<T>(
  connection: BusConnection,
  operation: string,
  body: unknown,
): Promise<T> {
  const answer = await callApi<T>(connection, operation, body);
  if (answer.ok) return answer.value;
  throw apiFailure(operation, answer.error);
}

/** The error for an API call that was refused. */
export function apiFailure(operation: string, error: ApiError): RollyardError {
  return new RollyardError("internal", {
    message: `The bus refused ${operation} (${error.description ?? "no reason given"}).`,
    details: { bus_error: error.err_code ?? error.code ?? 0 },
  });
}

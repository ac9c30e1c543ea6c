/** One request to the API server. */
export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With its query. */
  readonly path: string;
  /** JSON. */
  readonly body?: string;
  /** Of the body; `application/json` by default. */
  readonly contentType?: string;
  /** Of the answer; `application/json` by default. */
  readonly accept?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Whose request it is, as the `Authorization` header says it; by default the process's own. */
  readonly authorization?: string;
}

/** A whole answer. */
export interface KubeResponse {
  readonly status: number;
  readonly body: string;
  /** What `Retry-After` asks for. */
  readonly retryAfterMs: number | null;
}

/** An answer that goes on: lines as they come, each a JSON text. */
export interface KubeStream {
  readonly status: number;
  /** Ends when the server ends it; throws `kube_unreachable` when the connection breaks. */
  readonly lines: AsyncIterable<string>;
}

/** What asks for a stream. */
export interface StreamRequest {
  readonly path: string;
  /** The server has to have ended the stream by then: a silent connection is dead. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

/** The connections of one process to its API server. Both kinds of calls reject with `kube_unreachable`. */
export interface KubeTransport {
  send(request: KubeRequest): Promise<KubeResponse>;
  /** On a connection of its own, so that events never queue behind writes. */
  stream(request: StreamRequest): Promise<KubeStream>;
  close(): Promise<void>;
}

/** A POST of JSON to a grader's endpoint. */
export interface EndpointRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body: string;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly signal: AbortSignal;
}

/** What came of it. Nothing of this is an error of ours, so nothing rejects. */
export type EndpointReply =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly body: string;
      /** From `Retry-After`, when the endpoint sent one. */
      readonly retryAfterMs: number | null;
    }
  /** No connection: refused, unknown host, TLS failure. */
  | { readonly kind: "unreachable"; readonly reason: string }
  /** The connection broke before the answer was whole. */
  | { readonly kind: "broken"; readonly reason: string }
  | { readonly kind: "timeout" }
  | { readonly kind: "too_large" }
  | { readonly kind: "aborted" };

/** Calls endpoints over HTTP, each call once. */
export interface EndpointCaller {
  post(request: EndpointRequest): Promise<EndpointReply>;
}

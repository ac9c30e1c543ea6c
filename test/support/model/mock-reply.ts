/** What the mock model does with one request. */
export type MockReply =
  /** A completion in the API's own form, made by the builders in mock-bodies.ts. */
  | { readonly kind: "json"; readonly body: Buffer }
  | {
      readonly kind: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** Status 200 and a body of this text, whatever it is. */
  | { readonly kind: "text"; readonly text: string }
  /** Takes the request and never answers. */
  | { readonly kind: "hang" }
  /** Begins to answer, then falls silent. */
  | { readonly kind: "stall" }
  /** Cuts the connection without an answer. */
  | { readonly kind: "cut" }
  /** Status 200 and this many bytes of text as the answer's content. */
  | { readonly kind: "huge"; readonly sizeBytes: number };

/** A request as a script sees it. */
export interface MockRequest {
  /** 0-based number of the request at this server. */
  readonly number: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Earlier assistant turns in the request's history. */
  readonly turn: number;
}

/** Decides what each request gets. */
export type MockScript = (request: MockRequest) => MockReply;

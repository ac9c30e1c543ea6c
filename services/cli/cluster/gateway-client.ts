import { Pool } from "undici";
import type { Dispatcher } from "undici";
import { isErrorCode } from "../../../src/errors/codes.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { TOKEN_HEADER } from "../../../src/gateway/caller-token.ts";
import { LineSplitter } from "../../../src/kube/transport/line-splitter.ts";
import type { KubeCredentials } from "../../../src/kube/transport/kube-credentials.ts";
import { objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import type { JsonObject } from "../../../src/lib/json.ts";

/** How the gateway is reached. */
export type GatewayRoad =
  | { readonly kind: "url"; readonly url: string }
  /** Through the API server's proxy of a Service. */
  | { readonly kind: "service"; readonly credentials: KubeCredentials; readonly service: GatewayService };

/** A Service as the API server's proxy names it. */
export interface GatewayService {
  readonly namespace: string;
  /** `[scheme:]name[:port]` */
  readonly name: string;
}

/** One request. */
export interface GatewayRequest {
  readonly method: "GET" | "POST" | "PUT";
  /** Below `/v1/`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Uint8Array> | string;
  readonly signal?: AbortSignal;
}

const CONNECT_MS = 10_000;
/** An upload is stored before it is answered. */
const ANSWER_MS = 300_000;
/** Streams say something every ten seconds. */
const SILENCE_MS = 60_000;

/** Speaks to the gateway as the user. Rejects with the gateway's own codes, and `gateway_unreachable`. */
export class GatewayClient {
  readonly #road: GatewayRoad;
  readonly #token: () => Promise<string>;
  readonly #pool: Pool;
  readonly #base: string;

  constructor(road: GatewayRoad, token: () => Promise<string>) {
    const { origin, base } = addressOf(road);
    this.#road = road;
    this.#token = token;
    this.#base = base;
    this.#pool = new Pool(origin, {
      allowH2: false,
      connections: 4,
      pipelining: 1,
      headersTimeout: ANSWER_MS,
      bodyTimeout: SILENCE_MS,
      connect: { ...(road.kind === "service" ? road.credentials.tls : {}), timeout: CONNECT_MS },
    });
  }

  /** Resolves when there is a token to show. Rejects with `kube_credentials`. */
  async signIn(): Promise<void> {
    await this.#token();
  }

  /** An answer as JSON. */
  async json(request: GatewayRequest): Promise<JsonObject> {
    const { body } = await this.#send(request);
    try {
      return objectOrEmpty(await body.json());
    } catch (cause) {
      throw unreachable("its answer broke off", cause);
    }
  }

  /** The lines of an answer as they come. */
  async *lines(request: GatewayRequest): AsyncGenerator<JsonObject, void, undefined> {
    const { body } = await this.#send(request);
    const splitter = new LineSplitter();
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        for (const line of splitter.push(chunk)) yield objectOrEmpty(JSON.parse(line));
      }
    } catch (cause) {
      if (cause instanceof RollyardError) throw cause;
      throw unreachable("its answer broke off", cause);
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #send({ method, path, query = {}, body, signal }: GatewayRequest): Promise<Dispatcher.ResponseData> {
    const headers = await this.#headers();
    const search = new URLSearchParams(query);
    let answer: Dispatcher.ResponseData;
    try {
      answer = await this.#pool.request({
        method,
        path: `${this.#base}/v1/${path}${search.size === 0 ? "" : `?${search.toString()}`}`,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { "content-type": "application/octet-stream" }),
        },
        ...(body === undefined ? {} : { body: body as string }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      throw unreachable(reasonOf(cause), cause);
    }
    if (answer.statusCode < 300) return answer;
    throw refusalOf(answer.statusCode, await answer.body.text().catch(() => ""), this.#road);
  }

  async #headers(): Promise<Record<string, string>> {
    const token = `Bearer ${await this.#token()}`;
    if (this.#road.kind === "url") return { authorization: token };
    const own = await this.#road.credentials.authorization();
    return { [TOKEN_HEADER]: token, ...(own === undefined ? {} : { authorization: own }) };
  }
}

function addressOf(road: GatewayRoad): { readonly origin: string; readonly base: string } {
  if (road.kind === "url") {
    const { origin, pathname } = new URL(road.url);
    return { origin, base: pathname.replace(/\/$/u, "") };
  }
  const { origin, pathname } = new URL(road.credentials.server);
  const { namespace, name } = road.service;
  return {
    origin,
    base: `${pathname.replace(/\/$/u, "")}/api/v1/namespaces/${namespace}/services/${name}/proxy`,
  };
}

/** Our own errors come with their code; the rest is of whatever lies between. */
function refusalOf(status: number, text: string, road: GatewayRoad): RollyardError {
  const answer = parsed(text);
  const error = objectOrEmpty(answer["error"]);
  const [code, message] = [textOrUndefined(error["code"]) ?? "", textOrUndefined(error["message"])];
  if (isErrorCode(code) && message !== undefined) return new RollyardError(code, { message });
  const said = textOrUndefined(answer["message"]) ?? `HTTP ${status}`;
  return unreachable(road.kind === "url" ? said : `through the API server: ${said}`);
}

function parsed(text: string): JsonObject {
  try {
    return objectOrEmpty(JSON.parse(text));
  } catch {
    return {};
  }
}

function unreachable(reason: string, cause?: unknown): RollyardError {
  return new RollyardError("gateway_unreachable", {
    message: `The gateway is not reached (${reason}). Name another road by --gateway URL, or its Service by --gateway-service NAMESPACE/NAME:PORT.`,
    ...(cause === undefined ? {} : { cause }),
  });
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "unknown reason";
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}

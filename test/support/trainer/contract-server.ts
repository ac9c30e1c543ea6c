import { fastify } from "fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { AddressInfo } from "node:net";

/** A request's body, of which nothing is known yet. */
export type Body = Readonly<Record<string, unknown>>;

/** What one rollout is for the server. */
interface Trace {
  /** Runs of its command. */
  runs: number;
  score: number | null;
  isClosed: boolean;
}

/** How the server answers: {@link RIGHT} keeps the contract, and each field can break one rule of it. */
export interface ContractBehaviour {
  /** Status of a call without the key; null lets everybody in. */
  readonly noKey: number | null;
  readonly wrongKey: number | null;
  readonly bodyLimit: number;
  readonly tooLarge: number;
  readonly badJson: number;
  /** Whether a trace id is one; null takes every request. */
  readonly traceId: ((value: unknown) => boolean) | null;
  readonly badTraceId: number;
  /** Under which key an answer is kept; null keeps none. */
  readonly kept: ((body: Body) => string) | null;
  /** Whether a call is reserved before it runs, or kept only when it has run. */
  readonly reserves: boolean;
  /** Whose command runs in the same place. */
  readonly place: (body: Body) => string;
  readonly toolAnswer: (body: Body, output: string) => unknown;
  readonly toolStatus: number;
  readonly unknownTool: { readonly status: number; readonly body: unknown };
  readonly brokenArguments: { readonly status: number; readonly body: unknown };
  readonly takesObjects: boolean;
  /** null runs it. */
  readonly late: { readonly status: number; readonly body: unknown } | null;
  readonly gradeAnswer: (score: number, body: Body) => unknown;
  /** A new score for a trace; `before` is the one that it has. */
  readonly score: (before: number | null) => number;
  /** Status of a grade call of a trace that the server has not seen. */
  readonly unseen: number;
  /** Calls that may be under way; more are answered 503. */
  readonly most: number;
  readonly toolMs: number;
}

/** Keeps every rule of the contract. */
export const RIGHT: ContractBehaviour = {
  noKey: 401,
  wrongKey: 401,
  bodyLimit: 1_000_000,
  tooLarge: 413,
  badJson: 400,
  traceId: (value) => typeof value === "string" && /^[^\p{Cc}]{1,128}$/u.test(value),
  badTraceId: 400,
  kept: ({ trace_id, call_id }) => JSON.stringify([trace_id, call_id]),
  reserves: true,
  place: ({ trace_id }) => String(trace_id),
  toolAnswer: ({ call_id, id }, output) => ({ type: "function_call_output", call_id, id, output }),
  toolStatus: 200,
  unknownTool: { status: 200, body: { output: "There is no such tool." } },
  brokenArguments: { status: 200, body: { output: "The arguments are not valid." } },
  takesObjects: true,
  late: { status: 409, body: { output: "The rollout is closed." } },
  gradeAnswer: (score) => ({ score }),
  score: (before) => before ?? 0.5,
  unseen: 200,
  most: Number.POSITIVE_INFINITY,
  toolMs: 2,
};

/** A tool server with one tool, `count`, and a grader. */
export interface ContractServer {
  readonly toolUrl: string;
  readonly graderUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Traces that no grade call has closed. */
  openTraces(): number;
  close(): Promise<void>;
}

const KEY = "Bearer right";

/** Starts the server on a free port of this machine. */
export async function startContractServer(change: Partial<ContractBehaviour> = {}): Promise<ContractServer> {
  const server = new Contract({ ...RIGHT, ...change });
  const app = fastify({ bodyLimit: server.behaviour.bodyLimit });
  app.setErrorHandler((error: { readonly statusCode?: number }, _, reply) => {
    const { tooLarge, badJson } = server.behaviour;
    const status = { 413: tooLarge, 400: badJson }[error.statusCode ?? 500];
    void reply.code(status ?? 500).send({ error: { code: "refused" } });
  });
  app.addHook("onRequest", async (request, reply) => {
    const status = server.refusal(request);
    if (status !== null) await reply.code(status).send({ error: { code: "key" } });
  });
  app.post("/tools/:tool", (request, reply) => server.tool(request, reply));
  app.post("/grade", (request, reply) => server.grade(request, reply));
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}`;
  return {
    toolUrl: `${base}/tools/count`,
    graderUrl: `${base}/grade`,
    headers: { Authorization: KEY },
    openTraces: () => server.openTraces(),
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

class Contract {
  readonly behaviour: ContractBehaviour;
  readonly #traces = new Map<string, Trace>();
  readonly #kept = new Map<string, Promise<string>>();
  #active = 0;

  constructor(behaviour: ContractBehaviour) {
    this.behaviour = behaviour;
  }

  openTraces(): number {
    return [...this.#traces.values()].filter(({ isClosed }) => !isClosed).length;
  }

  refusal({ headers }: FastifyRequest): number | null {
    if (headers.authorization === undefined) return this.behaviour.noKey;
    return headers.authorization === KEY ? null : this.behaviour.wrongKey;
  }

  async tool(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = request.body as Body;
    const { behaviour } = this;
    if (behaviour.traceId?.(body["trace_id"]) === false) return this.#badTrace(reply);
    if (this.#active >= behaviour.most) return reply.code(503).send({ error: { code: "busy" } });
    if (body["name"] !== "count") return this.#send(reply, behaviour.unknownTool, body);
    if (!this.#takes(body["arguments"])) return this.#send(reply, behaviour.brokenArguments, body);
    if (this.#trace(body).isClosed && behaviour.late !== null) return this.#send(reply, behaviour.late, body);
    this.#active += 1;
    const output = await this.#output(body);
    this.#active -= 1;
    return reply
      .code(behaviour.toolStatus)
      .type("application/json")
      .send(text(behaviour.toolAnswer(body, output)));
  }

  async grade(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = request.body as Body;
    const { behaviour } = this;
    if (behaviour.traceId?.(body["trace_id"]) === false) return this.#badTrace(reply);
    if (!this.#traces.has(behaviour.place(body)) && behaviour.unseen !== 200) {
      return reply.code(behaviour.unseen).send({ error: { code: "trace" } });
    }
    const trace = this.#trace(body);
    trace.isClosed = true;
    trace.score = behaviour.score(trace.score);
    return reply.type("application/json").send(text(behaviour.gradeAnswer(trace.score, body)));
  }

  #badTrace(reply: FastifyReply): FastifyReply {
    return reply.code(this.behaviour.badTraceId).send({ error: { code: "trace" } });
  }

  #send(
    reply: FastifyReply,
    answer: { readonly status: number; readonly body: unknown },
    body: Body,
  ): FastifyReply {
    return reply.code(answer.status).send({ call_id: body["call_id"], ...(answer.body as object) });
  }

  #takes(given: unknown): boolean {
    if (typeof given !== "string") return this.behaviour.takesObjects;
    try {
      const value: unknown = JSON.parse(given);
      return typeof value === "object" && value !== null && !Array.isArray(value);
    } catch {
      return false;
    }
  }

  #trace(body: Body): Trace {
    const key = this.behaviour.place(body);
    const trace = this.#traces.get(key) ?? { runs: 0, score: null, isClosed: false };
    this.#traces.set(key, trace);
    return trace;
  }

  async #output(body: Body): Promise<string> {
    const { kept, reserves } = this.behaviour;
    if (kept === null) return await this.#run(body);
    const key = kept(body);
    const before = this.#kept.get(key);
    if (before !== undefined) return await before;
    const run = this.#run(body);
    if (reserves) this.#kept.set(key, run);
    await run;
    this.#kept.set(key, run);
    return await run;
  }

  async #run(body: Body): Promise<string> {
    const trace = this.#trace(body);
    await new Promise((resolve) => setTimeout(resolve, this.behaviour.toolMs));
    trace.runs += 1;
    return String(trace.runs);
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

import { fastify } from "fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { AddressInfo } from "node:net";
import { SeededRandom } from "../../../src/lib/seeded-random.ts";

/** A request's body, of which nothing is known yet. */
export type Body = Readonly<Record<string, unknown>>;

/** What one rollout is for the server. */
interface Trace {
  /** Runs of its command. */
  runs: number;
  /** What commands have left, as files would. */
  readonly marks: string[];
  readonly callIds: Set<unknown>;
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
  /** The score of a trace; `before` is the one that it has. */
  readonly score: (before: number | null, body: Body) => number;
  /** Whether calls on record are added to the score, 1000 for the answer. */
  readonly scoresCalls: boolean;
  /** Status of a grade call of a trace that the server has not seen. */
  readonly unseen: number;
  /** Calls that may be under way; more are answered 503. */
  readonly most: number;
  readonly toolMs: number;
  /** Part of the requests that end with 503 before anything is done. */
  readonly unlucky: number;
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
  score: (before, body) => before ?? Number(isRight(body)),
  scoresCalls: false,
  unseen: 200,
  most: Number.POSITIVE_INFINITY,
  toolMs: 2,
  unlucky: 0,
};

/** What the replicas of one service have in common: traces, and answers that are kept. */
export class ContractStore {
  readonly traces = new Map<string, Trace>();
  readonly kept = new Map<string, Promise<string>>();
}

/** A tool server with one tool, `count`, and a grader. */
export interface ContractServer {
  readonly address: string;
  readonly toolUrl: string;
  readonly graderUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Traces that no grade call has closed. */
  openTraces(): number;
  close(): Promise<void>;
}

const KEY = "Bearer right";

/** Starts the server on this machine: on a free port, or as one of several replicas. */
export async function startContractServer(
  change: Partial<ContractBehaviour> = {},
  {
    store = new ContractStore(),
    port: wanted = 0,
  }: { readonly store?: ContractStore; readonly port?: number } = {},
): Promise<ContractServer> {
  const server = new Contract({ ...RIGHT, ...change }, store);
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
  await app.listen({ host: "127.0.0.1", port: wanted });
  const { port } = app.server.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}`;
  return {
    address: base,
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
  readonly #traces: Map<string, Trace>;
  readonly #kept: Map<string, Promise<string>>;
  readonly #random = new SeededRandom(1);
  #active = 0;

  constructor(behaviour: ContractBehaviour, { traces, kept }: ContractStore) {
    this.behaviour = behaviour;
    this.#traces = traces;
    this.#kept = kept;
  }

  openTraces(): number {
    return [...this.#traces.values()].filter(({ isClosed }) => !isClosed).length;
  }

  refusal({ headers }: FastifyRequest): number | null {
    if (this.#random.chance(this.behaviour.unlucky)) return 503;
    if (headers.authorization === undefined) return this.behaviour.noKey;
    return headers.authorization === KEY ? null : this.behaviour.wrongKey;
  }

  async tool(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = request.body as Body;
    const { behaviour } = this;
    if (behaviour.traceId?.(body["trace_id"]) === false) return this.#badTrace(reply);
    if (this.#active >= behaviour.most) return reply.code(503).send({ error: { code: "busy" } });
    if (!this.#trace(body).isClosed) this.#trace(body).callIds.add(body["call_id"]);
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
    trace.score = behaviour.score(trace.score, body);
    const score = behaviour.scoresCalls ? 1000 * trace.score + trace.callIds.size : trace.score;
    return reply.type("application/json").send(text(behaviour.gradeAnswer(score, body)));
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
    const fresh = { runs: 0, marks: [], callIds: new Set(), score: null, isClosed: false };
    const trace = this.#traces.get(key) ?? fresh;
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
    const given: Body = JSON.parse(argumentsText(body));
    if (given["audit"] === true) return trace.marks.join("\n");
    if (typeof given["mark"] !== "string") return String(trace.runs);
    trace.marks.push(given["mark"]);
    return `${given["mark"]} ${trace.runs}`;
  }
}

function argumentsText({ arguments: given }: Body): string {
  return typeof given === "string" ? given : JSON.stringify(given);
}

function isRight({ sample, item }: Body): boolean {
  const { output_text: answer } = sample as Body;
  return answer === (item as Body)["answer"];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

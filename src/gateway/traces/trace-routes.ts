import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { RollyardError } from "../../errors/rollyard-error.ts";
import type { Clock } from "../../lib/clock.ts";
import { JoinedAbort } from "../../lib/joined-abort.ts";
import { OVER } from "../../lib/over.ts";
import type { Seal } from "../../rollout/state.ts";
import type { ServedEnvironment } from "../../trace/trace-ref.ts";
import { ANSWER_WITHIN_MS, MAX_BODY_BYTES, readGradeRequest, readToolRequest } from "../../trace/wire.ts";
import type { GradeResponse, ReadCall, ToolResponse } from "../../trace/wire.ts";
import { callerToken } from "../caller-token.ts";
import type { GatewayMetrics } from "../gateway-metrics.ts";
import { discardRest, readJsonBody, requireSize } from "../request-body.ts";
import type { TraceService } from "./trace-service.ts";

/** What the routes of traces work with. */
export interface TraceRouteParts {
  readonly traces: TraceService;
  readonly clock: Pick<Clock, "sleep">;
  /** Aborts when the process is to end at once: who waits is told to ask again. */
  readonly cutOff: AbortSignal;
  readonly metrics: Pick<GatewayMetrics, "gradeAnswered">;
  /** How long a request is held open, in milliseconds; default {@link ANSWER_WITHIN_MS}. */
  readonly answerWithinMs?: number;
}

interface EnvironmentParams {
  readonly namespace: string;
  readonly name: string;
}

const PATH = "/v1/environments/:namespace/:name";
const TOO_LARGE = "The body is larger than the 1 MB that the contract of hosted trainers allows.";

/** Adds the tool and grader endpoints of hosted trainers (the Agent RFT contract). */
export function addTraceRoutes(server: FastifyInstance, parts: TraceRouteParts): void {
  server.post<{ Params: EnvironmentParams & { readonly tool: string } }>(
    `${PATH}/tools/:tool`,
    { config: { route: "tool" } },
    (request, reply) =>
      held(request, parts, async (environment, patience) => {
        const { tool } = request.params;
        await answerCall(
          parts,
          { environment, reply, patience },
          readToolRequest(tool, await bodyOf(request, reply, parts)),
        );
      }),
  );
  server.post<{ Params: EnvironmentParams }>(
    `${PATH}/grade`,
    { config: { route: "grade" } },
    (request, reply) =>
      held(request, parts, async (environment, patience) => {
        const asked = readGradeRequest(await bodyOf(request, reply, parts));
        await answerGrade(parts, { environment, reply, patience }, asked);
      }),
  );
}

interface Held {
  readonly environment: ServedEnvironment;
  readonly reply: FastifyReply;
  readonly patience: AbortSignal;
}

/** Lets in who has a key, at the environment's pace, and holds the request open for as long as the contract lets it. */
async function held(
  request: FastifyRequest<{ Params: EnvironmentParams }>,
  { traces, clock, cutOff, answerWithinMs = ANSWER_WITHIN_MS }: TraceRouteParts,
  answer: (environment: ServedEnvironment, patience: AbortSignal) => Promise<void>,
): Promise<void> {
  const over = new JoinedAbort(cutOff);
  const done = new AbortController();
  const patience = over.signal;
  void clock.sleep(answerWithinMs, done.signal).then(() => {
    if (!done.signal.aborted) over.abort();
  });
  const { socket } = request.raw;
  const silenceMs = socket.timeout ?? 0;
  // A tool may take minutes, in which nothing is sent.
  socket.setTimeout(0);
  let giveBack = (): void => undefined;
  try {
    const environment = await letIn(request, traces);
    const { pace } = await traces.environments.snapshot(environment.specHash);
    if (!(await pace.enter(patience))) throw new RollyardError("gateway_busy");
    requireSize(request.raw, MAX_BODY_BYTES, TOO_LARGE);
    const asked = { owner: environment.environmentUid, bytes: bodyBytes(request.raw) };
    const room = await traces.room.take(asked, patience);
    if (room === null) throw new RollyardError("gateway_busy");
    giveBack = room;
    await answer(environment, patience);
  } finally {
    giveBack();
    over.release();
    done.abort(OVER);
    socket.setTimeout(silenceMs);
    await discardRest(request.raw);
  }
}

/** Who has no key of an environment does not learn whether it is served. */
async function letIn(
  request: FastifyRequest<{ Params: EnvironmentParams }>,
  { environments }: TraceService,
): Promise<ServedEnvironment> {
  const { namespace, name } = request.params;
  const key = callerToken(request.headers, KEY_HINT);
  const environment = await environments.find(namespace, name);
  if (environment === null) throw new RollyardError("environment_not_found");
  const { opensWith } = await environments.snapshot(environment.specHash);
  if (await opensWith(key)) {
    request.callerName = "trainer";
    return environment;
  }
  throw new RollyardError("request_unauthenticated", { message: KEY_HINT });
}

const KEY_HINT =
  "Send one of the environment's keys as `Authorization: Bearer …`; spec.serve.authSecret names the Secret that has them.";

/** As many as it says itself; the most that it may have if it does not. */
function bodyBytes({ headers }: IncomingMessage): number {
  return Number(headers["content-length"] ?? MAX_BODY_BYTES);
}

/** A body takes room while it comes, so that it may not take its time. */
const BODY_WITHIN_MS = 60_000;

async function bodyOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { clock }: Pick<TraceRouteParts, "clock">,
): Promise<unknown> {
  const done = new AbortController();
  const late = clock.sleep(BODY_WITHIN_MS, done.signal).then(() => {
    if (done.signal.aborted) return;
    reply.header("connection", "close");
    throw new RollyardError("bad_input", { message: "The body did not come within a minute." });
  });
  try {
    return await Promise.race([readJsonBody(request.raw, MAX_BODY_BYTES, TOO_LARGE), late]);
  } finally {
    done.abort(OVER);
  }
}

async function answerCall(
  { traces }: TraceRouteParts,
  { environment, reply, patience }: Held,
  read: ReadCall,
): Promise<void> {
  const answer = await traces.desk.call(environment, read, patience);
  if (answer.kind === "closed") {
    await reply.code(409).send(responseOf(read, closedText(answer.seal)));
    return;
  }
  const body = JSON.stringify(responseOf(read, answer.returned.output));
  if (Buffer.byteLength(body) > MAX_BODY_BYTES) {
    const message = "The tool's output makes an answer larger than the 1 MB that the contract allows.";
    throw new RollyardError("answer_too_large", { message });
  }
  await reply.header("content-type", "application/json; charset=utf-8").send(body);
}

function responseOf({ id, call }: ReadCall, output: string): ToolResponse {
  return { type: "function_call_output", call_id: call.callId, id, output };
}

function closedText(seal: Seal): string {
  switch (seal.kind) {
    case "stopped":
      return "This rollout is closed: it has been graded, or is being graded. The call was not run.";
    case "failed":
      return `This rollout is closed: it has failed (${seal.failure.failureClass}). The call was not run.`;
    case "cancelled":
      return "This rollout is closed: it saw no call for too long. The call was not run.";
    default:
      return seal satisfies never;
  }
}

async function answerGrade(
  { traces, metrics }: TraceRouteParts,
  { environment, reply, patience }: Held,
  asked: ReturnType<typeof readGradeRequest>,
): Promise<void> {
  const score = await traces.desk.grade(environment, asked, patience);
  const { socket } = reply.raw;
  const note = (): void => {
    // A write that failed counts as finished too.
    const isCutOff = socket === null || socket.errored !== null;
    const told = { score, delivered: reply.raw.writableFinished && !isCutOff };
    const noted = traces.desk.answered(environment, asked.traceId, told);
    void noted.then(() => metrics.gradeAnswered(told.delivered));
  };
  // A trainer that has hung up while the grade was made is told nothing.
  if (reply.raw.closed) note();
  else reply.raw.once("close", note);
  const response: GradeResponse = { score };
  await reply.send(response);
}

import type { Bus } from "../../../../src/bus/port.ts";
import { ERROR_CODES } from "../../../../src/errors/codes.ts";
import { toRollyardError } from "../../../../src/errors/rollyard-error.ts";
import type { JsonObject } from "../../../../src/lib/json.ts";
import { silentLogger } from "../../../../src/lib/logger.ts";
import { noObserver } from "../../../../src/rollout/observer.ts";
import { createBusClaims } from "../../../../src/sandbox/bus-claims.ts";
import { OutcomeNotices } from "../../../../src/trace/outcome-notices.ts";
import { TraceDesk } from "../../../../src/trace/trace-desk.ts";
import { ANSWER_WITHIN_MS, readGradeRequest, readToolRequest } from "../../../../src/trace/wire.ts";
import type { Running } from "../processes.ts";
import type { SimProcess } from "../sim-process.ts";
import { SERVED, simulatedSetup } from "./served-trace.ts";
import type { TraceWorld } from "./trace-world.ts";

/** What a gateway says to a request. */
export interface GatewayAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

/** A gateway as the network reaches it. */
export interface SimulatedGateway {
  readonly process: SimProcess;
  /** Whether it takes new requests. */
  isOpen: boolean;
  answer(path: string, body: string): Promise<GatewayAnswer>;
}

/** So little that most traces are forgotten between their calls, and read anew. */
const REMEMBERED_BYTES = 2000;
const TOLD_MS = 10;
/** What a drain gives to what runs. */
const GRACE_MS = 5000;

/** Starts the real desk of traces in a simulated process, with the status codes of its routes. */
export async function runGateway(world: TraceWorld, running: Running, bus: Bus): Promise<void> {
  const { process } = running;
  const { clock } = process;
  const [stopping, cutOff] = [new AbortController(), new AbortController()];
  const nameOf = (callId: string): string =>
    world.plant.namesCallsApart === true ? `${callId}@${process.name}` : callId;
  const setup = simulatedSetup(world.schedule.shape, process, nameOf);
  const desk = new TraceDesk({
    store: bus,
    notices: new OutcomeNotices(bus, clock),
    claims: createBusClaims(bus, clock, world.farm.sessionsOf(process)),
    clock,
    ids: world.ids,
    logger: silentLogger,
    observer: noObserver,
    setupFor: async () => setup,
    rememberedBytes: REMEMBERED_BYTES,
    signal: stopping.signal,
  });
  const open = new Set<Promise<GatewayAnswer>>();
  const gateway: SimulatedGateway = {
    process,
    isOpen: true,
    answer: async (path, body) => {
      await process.entered();
      const answering = answered(desk, { path, body, clock, cutOff: cutOff.signal });
      open.add(answering);
      const answer = await answering.finally(() => open.delete(answering));
      world.referee.answered(body, answer);
      return answer;
    },
  };
  // It may have died of its first call.
  if (process.isDead) return;
  world.gateways.add(gateway);
  process.onDeath(() => void world.gateways.delete(gateway));
  running.drain = async () => {
    gateway.isOpen = false;
    await Promise.race([Promise.all(open), clock.sleep(GRACE_MS)]);
    cutOff.abort();
    // Whoever was cut off is told so.
    await clock.sleep(TOLD_MS);
    stopping.abort();
    await desk.close();
  };
}

interface Asked {
  readonly path: string;
  readonly body: string;
  readonly clock: SimProcess["clock"];
  readonly cutOff: AbortSignal;
}

async function answered(desk: TraceDesk, { path, body, clock, cutOff }: Asked): Promise<GatewayAnswer> {
  const [over, done] = [new AbortController(), new AbortController()];
  void clock.sleep(ANSWER_WITHIN_MS, done.signal).then(() => over.abort());
  const patience = AbortSignal.any([over.signal, cutOff]);
  try {
    const read: unknown = JSON.parse(body);
    return path === "/grade"
      ? await answerGrade(desk, read, patience)
      : await answerCall(desk, { tool: path.slice(path.lastIndexOf("/") + 1), body: read }, patience);
  } catch (thrown) {
    const { code } = toRollyardError(thrown);
    return { status: ERROR_CODES[code].httpStatus, body: { error: { code } } };
  } finally {
    done.abort();
  }
}

async function answerCall(
  desk: TraceDesk,
  asked: { readonly tool: string; readonly body: unknown },
  patience: AbortSignal,
): Promise<GatewayAnswer> {
  const read = readToolRequest(asked.tool, asked.body);
  const answer = await desk.call(SERVED, read, patience);
  const isClosed = answer.kind === "closed";
  const output = isClosed ? "This rollout is closed." : answer.returned.output;
  const body = { type: "function_call_output", call_id: read.call.callId, id: read.id, output };
  return { status: isClosed ? 409 : 200, body };
}

async function answerGrade(desk: TraceDesk, body: unknown, patience: AbortSignal): Promise<GatewayAnswer> {
  const asked = readGradeRequest(body);
  const score = await desk.grade(SERVED, asked, patience);
  void desk.answered(SERVED, asked.traceId, { score, delivered: true }).catch(() => undefined);
  return { status: 200, body: { score } };
}

import type { ServerResponse } from "node:http";
import { assertNever } from "../../../../src/lib/assert-never.ts";
import { chatBody, errorBody } from "../../../support/model/mock-bodies.ts";
import type { SeededRandom } from "../../../../src/lib/seeded-random.ts";
import { behaviourOf, callsOf, closingAnswer } from "../behaviour.ts";
import type { ModelLog } from "../model-log.ts";
import type { ModelConfig, Mood } from "./model-config.ts";

/** One request of a worker. */
interface ChatRequest {
  readonly body: string;
  readonly receivedAtMs: number;
  readonly mood: Mood;
}

/** What may happen to a request instead of an answer. */
const TROUBLES = ["error", "error", "babble", "cut", "stall"] as const;
type Trouble = (typeof TROUBLES)[number] | "hang" | "throttle";

/** Tries that a worker has for one call. */
const TRIES = 5;
/** Largest number of an answer: sums of them stay within what usage can hold. */
const LARGEST_ID = 2 ** 24;

/** The simulated policy: it plays each rollout by its index, which comes as the request's `seed`. */
export class ChatEndpoint {
  readonly #config: ModelConfig;
  readonly #log: ModelLog;
  readonly #random: SeededRandom;
  /** Failed tries of rollouts whose model is down. */
  readonly #failed = new Map<number, number>();

  constructor(config: ModelConfig, log: ModelLog, random: SeededRandom) {
    this.#config = config;
    this.#log = log;
    this.#random = random;
  }

  answer({ body, receivedAtMs, mood }: ChatRequest, response: ServerResponse): void {
    const { seed: rollout, messages } = JSON.parse(body) as {
      readonly seed: number;
      readonly messages: readonly { readonly role: string }[];
    };
    const turn = messages.filter(({ role }) => role === "assistant").length;
    const trouble = this.#troubleOf(rollout, mood);
    if (trouble !== null) return send(response, trouble);
    setTimeout(() => this.#complete({ at: receivedAtMs, rollout, turn }, response), this.#latencyMs());
  }

  #latencyMs(): number {
    return this.#config.latencyMs * (0.5 + this.#random.next());
  }

  #complete(
    request: { readonly at: number; readonly rollout: number; readonly turn: number },
    response: ServerResponse,
  ): void {
    // Whoever asked is gone: nobody gets this answer.
    if (response.destroyed) return;
    const { behaviour } = this.#config;
    const { rollout, turn } = request;
    const id = this.#random.between(1, LARGEST_ID);
    const calls = callsOf(behaviourOf(behaviour, rollout), { rollout, turn, id });
    const content = calls.length === 0 ? closingAnswer(behaviour, rollout) : `turn ${turn}, answer ${id}`;
    const usage = { prompt_tokens: 10, completion_tokens: id, total_tokens: id + 10 };
    this.#log.write({ ...request, id });
    const text = chatBody({ content, calls, body: { usage } });
    response.writeHead(200, { "content-type": "application/json", "content-length": text.length });
    response.end(text);
  }

  #troubleOf(rollout: number, mood: Mood): Trouble | null {
    if (mood.chat !== "calm") return MOODS[mood.chat];
    const failed = this.#failed.get(rollout) ?? 0;
    if (failed < TRIES * behaviourOf(this.#config.behaviour, rollout).faultyAttempts) {
      this.#failed.set(rollout, failed + 1);
      return "error";
    }
    if (!this.#random.chance(this.#config.troublePercent / 100)) return null;
    return TROUBLES[this.#random.between(0, TROUBLES.length - 1)] ?? null;
  }
}

const MOODS = { throttles: "throttle", fails: "error", babbles: "babble", hangs: "hang" } as const;

function send(response: ServerResponse, trouble: Trouble): void {
  const json = { "content-type": "application/json" };
  switch (trouble) {
    case "throttle":
      response.writeHead(429, { ...json, "retry-after": "1" }).end(errorBody({ message: "slow down" }));
      return;
    case "error":
      response.writeHead(500, json).end(errorBody({ message: "broken" }));
      return;
    case "babble":
      response.writeHead(200, json).end('{"choices":[{"message":{"role":"assistant"');
      return;
    case "stall":
      response.writeHead(200, json).write('{"id":"');
      return;
    case "cut":
      response.destroy();
      return;
    case "hang":
      return;
    default:
      return assertNever(trouble);
  }
}

import type { Clock } from "../../../src/lib/clock.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type {
  KubeRequest,
  KubeResponse,
  KubeStream,
  KubeTransport,
  StreamRequest,
} from "../../../src/kube/transport/kube-transport.ts";

/** What a scripted stream does next. */
export type StreamStep =
  | { readonly line: object | string }
  | { readonly sleepMs: number }
  | { readonly breaks: true };

/** A script for one call or one stream. */
export type Answer =
  | { readonly status: number; readonly body: object; readonly retryAfterMs?: number }
  | { readonly stream: readonly StreamStep[]; readonly status?: number }
  | "unreachable";

/** Answers requests in order from a script; what is asked beyond its end waits for ever. For decisions over time only. */
export class ScriptedTransport implements KubeTransport {
  readonly asked: string[] = [];
  readonly bodies: unknown[] = [];
  readonly #answers: Answer[];
  readonly #clock: Clock;

  constructor(clock: Clock, answers: readonly Answer[]) {
    this.#clock = clock;
    this.#answers = [...answers];
  }

  async send({ method, path, body }: KubeRequest): Promise<KubeResponse> {
    if (body !== undefined) this.bodies.push(JSON.parse(body));
    const answer = this.#next(`${method} ${path}`);
    if (answer === undefined) return new Promise(() => undefined);
    if (answer === "unreachable") throw new RollyardError("kube_unreachable");
    if ("stream" in answer) throw new TypeError(`${path} was scripted as a stream`);
    return {
      status: answer.status,
      body: JSON.stringify(answer.body),
      retryAfterMs: answer.retryAfterMs ?? null,
    };
  }

  async stream({ path, signal }: StreamRequest): Promise<KubeStream> {
    const answer = this.#next(`WATCH ${path}`);
    if (answer === undefined) {
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      throw new RollyardError("kube_unreachable");
    }
    if (answer === "unreachable") throw new RollyardError("kube_unreachable");
    if (!("stream" in answer)) return { status: answer.status, lines: this.#lines([]) };
    return { status: answer.status ?? 200, lines: this.#lines(answer.stream) };
  }

  async close(): Promise<void> {
    this.#answers.length = 0;
  }

  #next(asked: string): Answer | undefined {
    this.asked.push(asked);
    return this.#answers.shift();
  }

  async *#lines(steps: readonly StreamStep[]): AsyncGenerator<string, void, undefined> {
    for (const step of steps) {
      if ("breaks" in step) throw new RollyardError("kube_unreachable");
      if ("sleepMs" in step) await this.#clock.sleep(step.sleepMs);
      else yield typeof step.line === "string" ? step.line : JSON.stringify(step.line);
    }
  }
}

import type {
  EndpointCaller,
  EndpointReply,
  EndpointRequest,
} from "../../../../src/grader/endpoint-caller.ts";
import type { SeededRandom } from "../../../../src/lib/seeded-random.ts";
import type { ReplicaEndpoints } from "../../../../src/trainer/simulation/simulation-target.ts";
import type { VirtualClock } from "../virtual-clock.ts";
import type { SimulatedGateway } from "./run-gateway.ts";
import { NOTE_TOOL } from "./served-trace.ts";

/** The endpoints of so many replicas. */
export function replicaEndpoints(count: number): readonly ReplicaEndpoints[] {
  return Array.from({ length: count }, (_, index) => ({
    toolUrl: `http://gateway-${index}/tools/${NOTE_TOOL}`,
    graderUrl: `http://gateway-${index}/grade`,
  }));
}

const LONGEST_HOP_MS = 20;

/** The network between a hosted trainer and whichever gateways live: connections break with the process at their end. */
export class TraceNetwork implements EndpointCaller {
  readonly #gateways: ReadonlySet<SimulatedGateway>;
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;

  constructor(gateways: ReadonlySet<SimulatedGateway>, clock: VirtualClock, random: SeededRandom) {
    this.#gateways = gateways;
    this.#clock = clock;
    this.#random = random;
  }

  async post({ url, body, timeoutMs }: EndpointRequest): Promise<EndpointReply> {
    const { hostname, pathname } = new URL(url);
    const done = new AbortController();
    const timeout = this.#clock
      .sleep(timeoutMs, done.signal)
      .then((): EndpointReply => ({ kind: "timeout" }));
    const reply = this.#exchange(Number(hostname.split("-").at(-1)), pathname, body);
    return Promise.race([reply, timeout]).finally(() => done.abort());
  }

  async #exchange(number: number, path: string, body: string): Promise<EndpointReply> {
    await this.#hop();
    const open = [...this.#gateways].filter(({ isOpen }) => isOpen);
    const gateway = open[number % open.length];
    if (gateway === undefined) return { kind: "unreachable", reason: "ECONNREFUSED" };
    const answer = await Promise.race([gateway.answer(path, body), died(gateway)]);
    await this.#hop();
    if (answer === null) return { kind: "broken", reason: "ECONNRESET" };
    return { kind: "answered", status: answer.status, body: JSON.stringify(answer.body), retryAfterMs: null };
  }

  #hop(): Promise<void> {
    return this.#clock.sleep(this.#random.skewed(1, LONGEST_HOP_MS));
  }
}

function died({ process }: SimulatedGateway): Promise<null> {
  return new Promise((resolve) => process.onDeath(() => resolve(null)));
}

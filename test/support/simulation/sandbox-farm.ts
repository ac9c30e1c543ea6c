import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { LaunchedSandbox, LaunchRequest, SandboxLauncher } from "../../../src/sandbox/port.ts";
import type { OpenSession } from "../../../src/sandbox/leased-session.ts";
import { SandboxdClient } from "../../../src/sandbox/sandboxd-client.ts";
import type { SandboxdAnswer, SandboxdRequest } from "../../../src/sandbox/sandboxd-transport.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { SeededRandom } from "../../../src/lib/seeded-random.ts";
import { SimulatedSandboxd } from "./simulated-sandboxd.ts";
import type { SandboxdWatcher } from "./simulated-sandboxd.ts";
import type { SimProcess } from "./sim-process.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What the farm runs on. */
export interface FarmParts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly faults: FaultPlan;
  readonly watcher: FarmWatcher;
  /** A sandbox has come up. */
  readonly onUp: (sandbox: SimulatedSandboxd) => void;
}

/** What happens to sandboxes, told as it happens. */
export interface FarmWatcher extends SandboxdWatcher {
  /** Somebody of ours ends a sandbox that lives. */
  stopping(sandbox: SimulatedSandboxd, by: SimProcess): void;
}

const PORT = 1;

/** Every sandbox of a world, and the network between them and who holds them. */
export class SandboxFarm {
  /** What the wall clock of the sandboxes' machine is off by. */
  wallOffsetMs = 0;
  readonly sandboxes = new Map<string, SimulatedSandboxd>();
  readonly #parts: FarmParts;

  constructor(parts: FarmParts) {
    this.#parts = parts;
  }

  /** Those that have not ended. */
  get live(): readonly SimulatedSandboxd[] {
    return [...this.sandboxes.values()].filter(({ end }) => end === null);
  }

  /** A launcher whose sandboxes die with the process that started them, as those of a local run do. */
  launcherOf(process: SimProcess): SandboxLauncher {
    const own: SimulatedSandboxd[] = [];
    process.onDeath(() => {
      for (const sandbox of own) sandbox.finish({ kind: "node_lost", detail: "the supervisor is gone" });
    });
    return {
      name: "process",
      notEnforced: [],
      start: (request) =>
        process.call(async () => {
          const sandbox = await this.#start(request, process);
          own.push(sandbox);
          return this.#launched(sandbox, process);
        }),
      close: () => Promise.resolve(),
    };
  }

  /** How a process talks to its leased sandboxes: the real client, over a network that loses things. */
  sessionsOf(process: SimProcess): OpenSession {
    return (options) => {
      const send = (request: SandboxdRequest): Promise<SandboxdAnswer> =>
        process.call(() => this.#send(options.sandboxUid, request, process.name));
      return new SandboxdClient({
        ...options,
        clock: process.clock,
        transport: { send, close: () => Promise.resolve() },
      });
    };
  }

  /** Ends a sandbox on somebody's word. */
  stop(sandbox: SimulatedSandboxd, by: SimProcess): void {
    if (sandbox.end === null) this.#parts.watcher.stopping(sandbox, by);
    sandbox.finish({ kind: "stopped" });
  }

  async #start({ sandboxUid }: LaunchRequest, process: SimProcess): Promise<SimulatedSandboxd> {
    const { clock, random, faults, watcher } = this.#parts;
    const trouble = faults.nextStart();
    await clock.sleep(random.between(20, 200) + (typeof trouble === "number" ? trouble : 0));
    if (typeof trouble === "string") {
      const code = trouble === "start_failed" ? "sandbox_start_failed" : "sandbox_setup_failed";
      throw new RollyardError(code, { details: { exit_code: 1 } });
    }
    const sandbox = new SimulatedSandboxd({
      uid: sandboxUid,
      clock,
      wallMs: () => clock.nowMs() + this.wallOffsetMs,
      watcher,
      durationMs: () => random.between(1, 120),
    });
    this.sandboxes.set(sandboxUid, sandbox);
    this.#parts.onUp(sandbox);
    if (process.isDead) sandbox.finish({ kind: "node_lost", detail: "the supervisor is gone" });
    return sandbox;
  }

  #launched(sandbox: SimulatedSandboxd, process: SimProcess): LaunchedSandbox {
    return {
      sandboxUid: sandbox.uid,
      endpoint: { kind: "tcp", host: "sandbox", port: PORT },
      ended: process.call(() => sandbox.ended),
      stop: () =>
        process.call(async () => {
          await this.#parts.clock.sleep(1);
          this.stop(sandbox, process);
        }),
    };
  }

  async #send(uid: string, request: SandboxdRequest, by: string): Promise<SandboxdAnswer> {
    const { clock, faults } = this.#parts;
    const trouble = faults.nextSandboxRequest();
    await clock.sleep(1, request.signal);
    request.signal?.throwIfAborted();
    const sandbox = this.sandboxes.get(uid);
    if (trouble === "lost") sandbox?.finish({ kind: "node_lost", detail: "preempted" });
    if (trouble === "killed") sandbox?.finish({ kind: "killed_by_agent", exitCode: 137, signal: "KILL" });
    if (trouble === "cut" || sandbox === undefined) throw broken("ECONNREFUSED");
    const answer = await this.#answerOrAbort(sandbox.handle(request, by), request.signal);
    await clock.sleep(1);
    if (answer === null || trouble === "unanswered") throw broken("ECONNRESET");
    return answer;
  }

  /** The command goes on when nobody listens any more. */
  #answerOrAbort<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (signal === undefined) return answer;
    return new Promise((resolve, reject) => {
      const end = (): void => reject(broken("AbortError"));
      signal.addEventListener("abort", end, { once: true });
      answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
    });
  }
}

function broken(code: string): Error {
  return Object.assign(new Error(code), { code });
}

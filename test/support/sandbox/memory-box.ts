import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import type { ClosableSandboxSession } from "../../../src/sandbox/closable-session.ts";
import type { ExecRequest, ExecResult } from "../../../src/sandbox/port.ts";

const EXEC_MS = 100;

/**
 * A sandbox's insides in memory: one file `notes`, and commands that take a tenth of a second. `append X` adds a line
 * to the file and prints it all; any other command prints a text that no other run of it prints. Each call id runs once.
 */
export class MemoryBox {
  readonly uid: string;
  /** Call ids in the order in which they ran. */
  readonly ran: string[] = [];
  notes = "";
  isDead = false;
  isFrozen = false;
  /** Told of each command when it begins. */
  onRun: (callId: string) => void = () => undefined;
  readonly #clock: Clock;
  readonly #answers = new Map<string, Promise<ExecResult>>();

  constructor(uid: string, clock: Clock) {
    this.uid = uid;
    this.#clock = clock;
  }

  /** A client of it. */
  session(): ClosableSandboxSession {
    return {
      sandboxUid: this.uid,
      exec: async (request) => {
        this.#requireLife();
        const stored = this.#answers.get(request.callId);
        if (stored !== undefined) return { ...(await stored), replayed: true };
        const running = this.#run(request);
        // Whoever asked may be gone when it fails.
        running.catch(() => undefined);
        this.#answers.set(request.callId, running);
        return running;
      },
      readFile: async () => {
        this.#requireLife();
        return new TextEncoder().encode(this.notes);
      },
      writeFile: async () => this.#requireLife(),
      readTree: async () => {
        this.#requireLife();
        const content = new TextEncoder().encode(this.notes);
        return { kind: "files", files: [{ path: "notes", content, isExecutable: false }] };
      },
      freeze: async () => {
        this.isFrozen = true;
      },
      close: () => Promise.resolve(),
    };
  }

  async #run({ callId, argv }: ExecRequest): Promise<ExecResult> {
    this.ran.push(callId);
    this.onRun(callId);
    await this.#clock.sleep(EXEC_MS);
    this.#requireLife();
    const command = argv.at(-1) ?? "";
    if (command.startsWith("append ")) this.notes += `${command.slice("append ".length)}\n`;
    const stdout = command.startsWith("append ") ? this.notes : `${command} in ${this.uid}`;
    const streams = { stdout, stderr: "", truncatedBytes: 0, invalidBytes: 0 };
    const end = { exitCode: 0, signal: "", timedOut: false, outOfMemory: false, durationMs: EXEC_MS };
    return { ...streams, ...end, replayed: false };
  }

  #requireLife(): void {
    if (this.isDead) throw new RollyardError("sandbox_unreachable");
  }
}

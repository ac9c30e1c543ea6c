import { request } from "node:http";
import { systemClock } from "../../lib/clock.ts";
import { isJsonObject } from "../../lib/json.ts";

/** What sandboxd says of itself; `exited` and `timeout` when it does not. */
export interface SandboxHealth {
  readonly status: "ready" | "setup_failed" | "exited" | "timeout";
  /** End of the output of the setup command that failed. */
  readonly output: string;
  readonly exitCode: number | null;
}

const ASK_EVERY_MS = 50;
const ANSWER_WITHIN_MS = 5_000;
const MAX_BYTES = 65_536;

/** Asks `GET /healthz` on a socket until the sandbox is ready or never will be. */
export async function awaitReady(
  socketPath: string,
  withinMs: number,
  gone: AbortSignal,
): Promise<SandboxHealth> {
  const deadline = systemClock.monotonicMs() + withinMs;
  while (!gone.aborted && systemClock.monotonicMs() < deadline) {
    const health = await askHealth(socketPath).catch(() => null);
    if (health !== null) return health;
    await systemClock.sleep(ASK_EVERY_MS, gone);
  }
  return { status: gone.aborted ? "exited" : "timeout", output: "", exitCode: null };
}

function askHealth(socketPath: string): Promise<SandboxHealth | null> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, path: "/healthz", timeout: ANSWER_WITHIN_MS, agent: false },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          if (text.length > MAX_BYTES) asked.destroy();
        });
        response.on("error", reject);
        response.on("end", () => resolve(parseHealth(text)));
      },
    );
    asked.on("timeout", () => asked.destroy());
    asked.on("error", reject);
    asked.end();
  });
}

/** Null while it starts. */
function parseHealth(text: string): SandboxHealth | null {
  const health: unknown = JSON.parse(text);
  if (!isJsonObject(health)) return null;
  const { status, output, exit_code: exitCode } = health;
  if (status !== "ready" && status !== "setup_failed") return null;
  return {
    status,
    output: typeof output === "string" ? output : "",
    exitCode: typeof exitCode === "number" ? exitCode : null,
  };
}

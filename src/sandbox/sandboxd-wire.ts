import { isJsonObject } from "../lib/json.ts";
import type { JsonObject, JsonValue } from "../lib/json.ts";
import type { ExecRequest, ExecResult } from "./port.ts";

/** The body of `POST /v1/exec`. */
export function encodeExecRequest(request: ExecRequest): string {
  return JSON.stringify({
    call_id: request.callId,
    argv: request.argv,
    stdin: request.stdin,
    cwd: request.cwd,
    env: request.env,
    timeout_ms: Math.max(1, Math.ceil(request.timeoutMs)),
    max_output_bytes: request.maxOutputBytes,
  });
}

/** Reads the answer of `POST /v1/exec`; null when it is none. It comes out of a sandbox, so every field is checked. */
export function decodeExecResult(body: Buffer): ExecResult | null {
  const answer = parseObject(body);
  if (answer === null || typeof answer["exit_code"] !== "number") return null;
  return {
    exitCode: answer["exit_code"],
    signal: text(answer["signal"]),
    stdout: text(answer["stdout"]),
    stderr: text(answer["stderr"]),
    truncatedBytes: count(answer["truncated_bytes"]),
    invalidBytes: count(answer["invalid_bytes"]),
    timedOut: answer["timed_out"] === true,
    outOfMemory: answer["oom"] === true,
    durationMs: count(answer["duration_ms"]),
    replayed: answer["replayed"] === true,
  };
}

/** The `error.code` of a refusal; empty when there is none. Never its message: that is the sandbox's text. */
export function decodeRefusalCode(body: Buffer): string {
  const error = parseObject(body)?.["error"];
  const code = isJsonObject(error) ? text(error["code"]) : "";
  return /^[a-z_]{1,40}$/u.test(code) ? code : "";
}

function parseObject(body: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function count(value: JsonValue | undefined): number {
  return typeof value === "number" && value >= 0 ? value : 0;
}

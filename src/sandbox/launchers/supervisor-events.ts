import { isJsonObject } from "../../lib/json.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";

/** What `sandboxd supervise` tells, one JSON line each; fields that we don't decide by are left out. */
export type SupervisorEvent =
  | { readonly event: "hello" }
  | { readonly event: "fatal"; readonly reason: string; readonly detail: string }
  | { readonly event: "ready"; readonly id: string }
  | { readonly event: "start_failed"; readonly id: string; readonly failure: StartFailure }
  | { readonly event: "exited"; readonly id: string; readonly exit: BoxExit }
  | { readonly event: "stopped"; readonly id: string }
  | { readonly event: "error"; readonly detail: string };

/** Why a start failed. `detail` and `stderr` may hold what the sandbox wrote: never logged. */
export interface StartFailure {
  readonly reason: string;
  readonly detail: string;
  readonly exitCode: number | null;
  readonly stderr: string;
}

/** How a sandbox's main process ended by itself. */
export interface BoxExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Reads one line; null when it is no event that we know. */
export function parseSupervisorEvent(line: string): SupervisorEvent | null {
  const fields = parseLine(line);
  if (fields === null) return null;
  const id = text(fields["id"]);
  switch (fields["event"]) {
    case "hello":
      return { event: "hello" };
    case "fatal":
      return { event: "fatal", reason: text(fields["reason"]), detail: text(fields["detail"]) };
    case "ready":
      return { event: "ready", id };
    case "start_failed":
      return { event: "start_failed", id, failure: failureOf(fields) };
    case "exited":
      return { event: "exited", id, exit: exitOf(fields) };
    case "stopped":
      return { event: "stopped", id };
    case "error":
      return { event: "error", detail: text(fields["detail"]) };
    default:
      return null;
  }
}

function failureOf(fields: JsonObject): StartFailure {
  return {
    reason: text(fields["reason"]),
    detail: text(fields["detail"]),
    exitCode: number(fields["exit_code"]),
    stderr: text(fields["stderr"]),
  };
}

function exitOf(fields: JsonObject): BoxExit {
  const signal = text(fields["signal"]);
  return { exitCode: number(fields["exit_code"]), signal: signal === "" ? null : signal };
}

function parseLine(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function number(value: JsonValue | undefined): number | null {
  return typeof value === "number" ? value : null;
}

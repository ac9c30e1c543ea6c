import type { PresetToolKind } from "../../environment/presets.ts";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { assertNever } from "../../lib/assert-never.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { SandboxSession } from "../../sandbox/port.ts";
import type { ToolRun } from "../agent-setup.ts";
import type { CallReturn } from "../state.ts";
import { applyPatch } from "./apply-patch.ts";
import { textReturn } from "./call-return.ts";
import { runCommand } from "./run-command.ts";
import type { ToolRunnerDeps } from "./tool-runner-deps.ts";

/** What a file tool came to, as text for the model. */
export interface FileToolText {
  readonly output: string;
  readonly result: "ok" | "failed";
}

/** What runs behind a tool of the `files` preset. */
export type FileToolKind = Exclude<PresetToolKind, "shell">;

/** A checked call of a tool that the `files` preset brings. */
export interface FileToolRun {
  readonly kind: FileToolKind;
  readonly timeoutSeconds: number;
  readonly args: JsonObject;
  readonly run: ToolRun;
  readonly session: SandboxSession;
}

/** Largest file that `read_file` opens; what the model sees of it is cut at `outputBytes`. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/** Runs a file tool. What the sandbox's own files refuse is a result; rejects as {@link SandboxSession} does. */
export async function runFileTool(call: FileToolRun, deps: ToolRunnerDeps): Promise<CallReturn> {
  const { kind, args, run } = call;
  if (kind === "files.list") {
    return runCommand({ ...call, exec: { argv: ["ls", "-1Ap", "--", text(args, "path")] } }, deps);
  }
  const startedAtMs = deps.clock.nowMs();
  const beganAtMs = deps.clock.monotonicMs();
  const done = await fileText(kind, call);
  run.signal.throwIfAborted();
  const durationMs = deps.clock.monotonicMs() - beganAtMs;
  return textReturn(done, deps.outputBytes, { startedAtMs, durationMs });
}

async function fileText(
  kind: Exclude<FileToolKind, "files.list">,
  { timeoutSeconds, args, run, session }: FileToolRun,
): Promise<FileToolText> {
  switch (kind) {
    case "files.read":
      return readFile(session, args);
    case "files.write":
      return writeFile(session, args, run.callId);
    case "files.apply_patch":
      return applyPatch(text(args, "patch"), { session, run, timeoutMs: timeoutSeconds * 1000 });
    default:
      return assertNever(kind);
  }
}

async function readFile(session: SandboxSession, args: JsonObject): Promise<FileToolText> {
  const path = text(args, "path");
  const bytes = await session.readFile(path, MAX_READ_BYTES);
  if (bytes === null) {
    return failed(`${path}: there is no such file, it is no regular file, or it is over 16 MiB.`);
  }
  const content = new TextDecoder().decode(bytes);
  const start = args["start_line"];
  const end = args["end_line"];
  if (start === undefined && end === undefined) return { output: content, result: "ok" };
  return lineRange(content, Number(start ?? 1), Number(end ?? Number.MAX_SAFE_INTEGER));
}

/** Lines `start` to `end`, counted from 1, both included, verbatim. */
function lineRange(content: string, start: number, end: number): FileToolText {
  const lines = content === "" ? [] : content.split(/(?<=\n)/);
  if (end < start) return failed(`end_line ${end} is before start_line ${start}.`);
  if (start > lines.length) return failed(`start_line ${start} is past the file's ${lines.length} lines.`);
  return { output: lines.slice(start - 1, end).join(""), result: "ok" };
}

async function writeFile(session: SandboxSession, args: JsonObject, callId: string): Promise<FileToolText> {
  const path = text(args, "path");
  const bytes = new TextEncoder().encode(text(args, "content"));
  try {
    await session.writeFile(path, bytes, callId);
  } catch (error) {
    if (isWriteRefused(error)) return failed(`${path} can't be written.`);
    throw error;
  }
  return { output: `Wrote ${bytes.length} bytes to ${path}.`, result: "ok" };
}

function isWriteRefused(error: unknown): boolean {
  return error instanceof RollyardError && error.code === "sandbox_write_refused";
}

function failed(output: string): FileToolText {
  return { output, result: "failed" };
}

/** Arguments are checked against the tool's schema before they come here. */
function text(args: JsonObject, name: string): string {
  const value = args[name];
  return typeof value === "string" ? value : "";
}

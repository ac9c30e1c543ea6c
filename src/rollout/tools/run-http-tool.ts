import type { ResolvedTool } from "../../environment/tool-definitions.ts";
import type { EndpointReply } from "../../grader/endpoint-caller.ts";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { canonicalJson } from "../../lib/canonical-json.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { CallReturn } from "../state.ts";
import type { ToolRun } from "../agent-setup.ts";
import { rejected, textReturn } from "./call-return.ts";
import { timedOutLine } from "./format-output.ts";
import { HTTP_TOOL_MAX_BYTES, HTTP_TOOL_TRIES, judgeHttpReply } from "./http-tool-verdict.ts";
import type { HttpToolVerdict } from "./http-tool-verdict.ts";
import type { ToolRunnerDeps } from "./tool-runner-deps.ts";

type HttpTool = Extract<ResolvedTool, { kind: "http" }>;

/** A checked call of a remote tool. */
export interface HttpToolRun {
  readonly tool: HttpTool;
  readonly args: JsonObject;
  readonly run: ToolRun;
}

/**
 * Calls a remote tool by the Agent RFT contract, at least once, three times at most. Each try has the whole of the
 * agent's remaining time, and only the last is counted: what the remote's failures cost is not the agent's time.
 * Rejects with `tool_unavailable` after 5xx or silence, with `tool_config_error` when the endpoint speaks otherwise.
 */
export async function runHttpTool(call: HttpToolRun, deps: ToolRunnerDeps): Promise<CallReturn> {
  const { run } = call;
  const body = JSON.stringify(requestBody(call));
  if (Buffer.byteLength(body) > HTTP_TOOL_MAX_BYTES) {
    return rejected("The request to this tool is larger than 1 MB.", deps.clock.nowMs());
  }
  for (let tries = 1; ; tries += 1) {
    const startedAtMs = deps.clock.nowMs();
    const sentAtMs = deps.clock.monotonicMs();
    const reply = await postWithNewestHeaders(call, body, deps);
    run.signal.throwIfAborted();
    if (reply.kind === "aborted") throw new RollyardError("internal", { details: { kind: "aborted" } });
    const times = { startedAtMs, durationMs: deps.clock.monotonicMs() - sentAtMs };
    if (reply.kind === "timeout" && isAgentsEnd(call)) return deadline(call, times, deps);
    const verdict = judgeHttpReply(reply, tries, deps.random());
    const returned = settle(call, verdict, tries);
    if (returned !== null) return textReturn(returned, deps.outputBytes, times);
    await deps.clock.sleep(verdict.kind === "again" ? verdict.delayMs : 0, run.signal);
    run.signal.throwIfAborted();
  }
}

/** The call's text, or null for another try. */
function settle(
  { tool }: HttpToolRun,
  verdict: HttpToolVerdict,
  tries: number,
): { readonly output: string; readonly result: "ok" | "failed" } | null {
  if (verdict.kind === "output") return verdict;
  if (verdict.kind === "broken") {
    throw new RollyardError("tool_config_error", {
      message: `The endpoint of tool "${tool.name}" answers ${verdict.fact}: it does not speak the tool contract.`,
      details: { tool: tool.name, last: verdict.fact },
    });
  }
  if (tries < HTTP_TOOL_TRIES) return null;
  if (verdict.otherwise !== undefined) return { output: verdict.otherwise, result: "failed" };
  throw new RollyardError("tool_unavailable", {
    message: `The remote tool "${tool.name}" did not answer in ${tries} tries (${verdict.fact}).`,
    details: { tool: tool.name, tries, ...lastOf(verdict.fact) },
  });
}

/** A status by itself, as for a model; anything else in words. */
function lastOf(fact: string): { readonly status: number } | { readonly last: string } {
  return /^\d{3}$/u.test(fact) ? { status: Number(fact) } : { last: fact };
}

/** Whether the agent's own time is shorter than the tool's, so that a timeout is the agent's end and no failure. */
function isAgentsEnd({ tool, run }: HttpToolRun): boolean {
  return run.remainingMs <= tool.timeoutSeconds * 1000;
}

function deadline(
  { run }: HttpToolRun,
  times: Pick<CallReturn, "startedAtMs" | "durationMs">,
  deps: ToolRunnerDeps,
): CallReturn {
  const text = { output: timedOutLine(run.remainingMs), result: "failed" } as const;
  return { ...textReturn(text, deps.outputBytes, times), timedOut: true };
}

/** A secret that was changed meanwhile is no mistake of the environment. */
async function postWithNewestHeaders(
  call: HttpToolRun,
  body: string,
  deps: ToolRunnerDeps,
): Promise<EndpointReply> {
  const { headersSecret } = call.tool;
  const headers = (): Readonly<Record<string, string>> =>
    headersSecret === undefined ? {} : deps.secretHeaders(headersSecret);
  const used = headers();
  const reply = await post(call, { body, secret: used }, deps);
  const isRefused = reply.kind === "answered" && (reply.status === 401 || reply.status === 403);
  if (!isRefused || headersSecret === undefined) return reply;
  await deps.headersRefused?.();
  const newest = headers();
  const isSame = canonicalJson({ ...newest }) === canonicalJson({ ...used });
  return isSame ? reply : post(call, { body, secret: newest }, deps);
}

interface PostedCall {
  readonly body: string;
  readonly secret: Readonly<Record<string, string>>;
}

function post(
  { tool, run }: HttpToolRun,
  { body, secret }: PostedCall,
  deps: ToolRunnerDeps,
): Promise<EndpointReply> {
  return deps.http.post({
    url: tool.url,
    headers: {
      ...tool.headers,
      ...secret,
      "content-type": "application/json",
      "idempotency-key": idempotencyKey(run),
    },
    body,
    timeoutMs: Math.max(1, Math.min(tool.timeoutSeconds * 1000, run.remainingMs)),
    maxResponseBytes: HTTP_TOOL_MAX_BYTES,
    signal: run.signal,
  });
}

/**
 * Ids on the wire are made of attempt, turn and index, not of the model's id: servers tell repeats by
 * (trace_id, call_id), and some models number their calls anew in each turn.
 */
function requestBody({ tool, args, run }: HttpToolRun): JsonObject {
  const suffix = wireSuffix(run);
  return {
    type: "function_call",
    id: `fc_${suffix}`,
    call_id: `call_${suffix}`,
    name: tool.name,
    arguments: JSON.stringify(args),
    trace_id: run.traceId,
    item: run.item,
  };
}

function idempotencyKey(run: ToolRun): string {
  const [rollout, attempt] = run.callId.split("/");
  return `${rollout}:${attempt}:call_${wireSuffix(run)}`;
}

function wireSuffix(run: ToolRun): string {
  return run.callId.split("/").slice(1).join("_");
}

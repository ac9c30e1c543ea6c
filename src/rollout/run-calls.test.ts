import { describe, expect, it } from "vitest";
import { aCall, anAttempt, aTurn } from "../../test/support/rollout/attempt-builder.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { AgentSetup } from "./agent-setup.ts";
import type { AttachedLog } from "./attached-log.ts";
import { runCalls } from "./run-calls.ts";

describe("a tool call that infrastructure fails", () => {
  it("says which tool and which call it was, beside what is known of the failure", async () => {
    const calls = [aCall(0, 0)];
    const attempt = anAttempt({ turns: [aTurn(0, { calls })] });
    const lost = new RollyardError("sandbox_lost", { details: { reason: "power cut" } });
    const failure = await runCalls({
      log: { attempt } as AttachedLog,
      setup: { runTool: () => Promise.reject(lost) } as unknown as AgentSetup,
      calls,
      session: null,
      remainingMs: 1000,
      signal: new AbortController().signal,
      onReturned: () => undefined,
    });
    expect(failure).toMatchObject({
      code: "sandbox_lost",
      details: { reason: "power cut", tool: "search", call: "0/0" },
    });
  });
});

import { describe, expect, it } from "vitest";
import { chatBody } from "../../support/model/mock-bodies.ts";
import type { MockScript } from "../../support/model/mock-reply.ts";
import { always, inOrder } from "../../support/model/mock-scripts.ts";
import { fixedKey } from "../../../src/model/api-key.ts";
import { createModelClient } from "../../../src/model/openai-client.ts";
import { fastClock } from "../../support/model/fast-clock.ts";
import { errorOf, startHarness } from "../../support/model/model-harness.ts";
import { modelSpec, sampleRequest } from "../../support/model/model-spec.ts";

const refusal = (headers: Record<string, string> = {}, status = 429) =>
  ({ kind: "status", status, headers, body: "{}" }) as const;

/** Refuses whatever comes while `capacity` requests are under way, as a server with a full queue does. */
function withCapacity(capacity: number): MockScript {
  let inFlight = 0;
  const body = chatBody({ content: "ok" });
  return () => {
    if (inFlight >= capacity) return refusal();
    inFlight += 1;
    setTimeout(() => (inFlight -= 1), 5);
    return { kind: "json", body };
  };
}

describe("an endpoint that throttles", () => {
  it("is waited for as long as Retry-After says, and the wait is not model time", async () => {
    const script = inOrder([refusal({ "retry-after": "7" })], always({ content: "ok" }));
    const { model, client } = await startHarness(script);
    const answer = await client.sample(sampleRequest());
    expect(model.requestCount).toBe(2);
    expect(answer.kind === "answer" && answer.waitedMs).toBeGreaterThanOrEqual(7000);
    expect(answer.kind === "answer" && answer.modelMs).toBeLessThan(7000);
  });

  it("counts 503 with Retry-After as throttling", async () => {
    const refusals = Array.from({ length: 8 }, () => refusal({ "retry-after": "1" }, 503));
    const { model, client } = await startHarness(inOrder(refusals, always({ content: "ok" })));
    expect(await client.sample(sampleRequest())).toMatchObject({ kind: "answer" });
    expect(model.requestCount).toBe(9);
  });

  it("slows every client of the process down, and says so", async () => {
    const script = inOrder([refusal({ "retry-after": "30" })], always({ content: "ok" }));
    const { model, client, runtime } = await startHarness(script);
    const other = createModelClient({ spec: modelSpec(model.baseURL), apiKey: fixedKey(null) }, runtime);
    const first = client.sample(sampleRequest());
    await expect.poll(() => client.throttled).toBe(true);
    const second = other.sample(sampleRequest());
    expect(other.throttled).toBe(true);
    expect(model.requestCount).toBe(1);
    const [, answer] = await Promise.all([first, second]);
    expect(answer.kind === "answer" && answer.waitedMs).toBeGreaterThan(1000);
  });

  it("gets 200 calls through a server with room for 8, without one failure", async () => {
    const { client, model } = await startHarness(withCapacity(8), {}, { latencyMs: 5 });
    const calls = Array.from({ length: 200 }, () => client.sample(sampleRequest()));
    const answers = await Promise.all(calls);
    expect(answers.every((answer) => answer.kind === "answer")).toBe(true);
    expect(model.requestCount).toBeLessThan(200 * 5);
  });

  it("is given up after half an hour of nothing but refusals", async () => {
    const script: MockScript = () => refusal({ "retry-after": "120" });
    const { model, client } = await startHarness(script, {}, { clock: fastClock(5000) });
    const error = await errorOf(client, sampleRequest());
    expect(error).toMatchObject({ code: "model_rate_limited", failureClass: "model" });
    expect(model.requestCount).toBeGreaterThan(10);
  });
});

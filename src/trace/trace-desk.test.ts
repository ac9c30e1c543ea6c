import { expect, it } from "vitest";
import { FakeBus } from "../../test/support/bus/fake-bus.ts";
import { noSandboxes } from "../../test/support/rollout/worker-world.ts";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import { silentLogger } from "../lib/logger.ts";
import { randomIds } from "../rollout/ids.ts";
import { noObserver } from "../rollout/observer.ts";
import { textReturn } from "../rollout/tools/call-return.ts";
import { OutcomeNotices } from "./outcome-notices.ts";
import { TraceDesk } from "./trace-desk.ts";

const OUTPUT = "o".repeat(1000);
const NEVER = new AbortController().signal;
const ENVIRONMENT = {
  namespace: "ns",
  name: "served",
  environmentUid: "0123456789ab",
  specHash: "hash",
};

/** A desk whose tool answers with a thousand characters, and counts. */
function deskOf(rememberedBytes: number) {
  const clock = new VirtualClock();
  const bus = new FakeBus({ replicas: 1, clock, latencyMs: 1 }).connect("gateway");
  const closing = new AbortController();
  let runs = 0;
  const desk = new TraceDesk({
    store: bus,
    notices: new OutcomeNotices(bus, clock),
    claims: noSandboxes,
    clock,
    ids: randomIds,
    logger: silentLogger,
    observer: noObserver,
    rememberedBytes,
    signal: closing.signal,
    setupFor: async () => ({
      limits: { maxTurns: 10, maxToolCalls: 40, agentSeconds: 60 },
      runsInSandbox: () => false,
      gradingNeedsSandbox: false,
      promptFor: () => [],
      runTool: async () => {
        runs += 1;
        return textReturn({ output: OUTPUT, result: "ok" }, 65_536, {
          startedAtMs: clock.nowMs(),
          durationMs: 0,
        });
      },
    }),
  });
  const call = (traceId: string, callId: string) =>
    desk.call(
      ENVIRONMENT,
      { traceId, item: {}, call: { callId, name: "remote", argumentsJson: "{}" } },
      NEVER,
    );
  const grade = (traceId: string, patience = NEVER) =>
    desk.grade(ENVIRONMENT, { traceId, item: {}, sample: { output_text: "done" } }, patience);
  return { clock, bus, desk, call, grade, runs: () => runs };
}

it("forgets the traces that were used longest ago when their logs are larger than what it may remember", async () => {
  const { clock, desk, call } = deskOf(2500);
  const play = async (): Promise<void> => {
    await call("a", "1");
    await call("b", "1");
    await call("a", "2");
    expect(desk.size).toBe(1);
    await call("b", "2");
    expect(desk.size).toBe(1);
  };
  await clock.run(play(), 60_000);
});

it("answers for a trace that it has forgotten as before, from its log", async () => {
  const { clock, desk, call, runs } = deskOf(500);
  const play = async (): Promise<void> => {
    const first = await call("a", "1");
    expect(desk.size).toBe(0);
    const again = await call("a", "1");
    expect(again).toMatchObject({ kind: "returned", isRepeat: true, returned: { output: OUTPUT } });
    expect(first).toMatchObject({ kind: "returned", isRepeat: false });
    expect(runs()).toBe(1);
  };
  await clock.run(play(), 60_000);
});

it("remembers every trace while there is room", async () => {
  const { clock, desk, call } = deskOf(1_000_000);
  const play = async (): Promise<void> => {
    for (const trace of ["a", "b", "c"]) await call(trace, "1");
    expect(desk.size).toBe(3);
  };
  await clock.run(play(), 60_000);
});

it("says that a trace's records are gone when a grade is asked for again after they were removed", async () => {
  const { clock, bus, call, grade } = deskOf(1_000_000);
  const impatient = new AbortController();
  clock.after(1000, () => impatient.abort());
  const play = async (): Promise<void> => {
    await call("a", "1");
    await expect(grade("a", impatient.signal)).rejects.toMatchObject({ code: "trace_pending" });
    for (const stream of ["events", "work"] as const) await bus.purge(stream, ">");
    await expect(grade("a")).rejects.toMatchObject({
      code: "log_conflict",
      message: "The trace's records are gone.",
    });
    expect([...(await bus.subjects("work", ">")).keys()]).toEqual([]);
  };
  await clock.run(play(), 60_000);
});

import { afterAll, afterEach, describe, expect, it } from "vitest";
import { UndiciEndpointCaller } from "../../../src/grader-http/undici-endpoint-caller.ts";
import { runSimulation } from "../../../src/trainer/simulation/run-simulation.ts";
import type { SimulationOptions, SimulationSummary } from "../../../src/trainer/simulation/run-simulation.ts";
import type { ScoreRule, SimulationTarget } from "../../../src/trainer/simulation/simulation-target.ts";
import type { ViolationKind } from "../../../src/trainer/simulation/violation.ts";
import { ContractStore, startContractServer } from "../../support/trainer/contract-server.ts";
import type { ContractBehaviour, ContractServer } from "../../support/trainer/contract-server.ts";

const caller = new UndiciEndpointCaller();
afterAll(() => caller.close());
const servers: ContractServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** Two replicas, with one store unless they are to be strangers. */
async function replicas(
  change: Partial<ContractBehaviour>,
  { areStrangers = false }: { readonly areStrangers?: boolean } = {},
): Promise<readonly ContractServer[]> {
  const store = new ContractStore();
  const started = await Promise.all(
    [0, 1].map(() => startContractServer(change, areStrangers ? {} : { store })),
  );
  servers.push(...started);
  return started;
}

interface Wish {
  readonly traces?: number;
  readonly scoreRule?: ScoreRule;
  readonly onStep?: () => void;
}

function simulate(
  of: readonly ContractServer[],
  { traces = 200, scoreRule = "answer", onStep = () => {} }: Wish = {},
): Promise<SimulationSummary> {
  return runSimulation(targetOf(of, scoreRule), { ...optionsOf(traces), onStep });
}

function targetOf(of: readonly ContractServer[], scoreRule: ScoreRule): SimulationTarget {
  return {
    replicas: of,
    headers: of[0]?.headers ?? {},
    toolName: "count",
    callJson: '{"mark": "{{mark}}"}',
    auditJson: '{"audit": true}',
    scoreRule,
    timeoutMs: 20_000,
    retryMs: 5,
  };
}

function optionsOf(traces: number): SimulationOptions {
  const { signal } = new AbortController();
  return { caller, signal, traces, stepSize: 50, rows: 10, seed: 7, runId: "r" };
}

describe("the simulated trainer", () => {
  it("finds every promise kept by two replicas that keep them, with 5xx now and then", async () => {
    const summary = await simulate(await replicas({ unlucky: 0.02, scoresCalls: true }), {
      scoreRule: "answer-and-calls",
    });
    expect(summary.examples).toEqual([]);
    expect(summary).toMatchObject({ traces: 200, violations: {} });
    // Four times unlucky is rare.
    expect(summary.ends.discarded).toBeLessThan(5);
    expect(summary.ends.abandoned).toBeGreaterThan(0);
    expect(summary.ends.graded).toBeGreaterThan(150);
    expect(summary.line.lostAnswers).toBeGreaterThan(20);
    expect(summary.line.serverErrors).toBeGreaterThan(5);
  });

  it("goes on while replicas are killed and started again", async () => {
    const store = new ContractStore();
    const first = await startContractServer({}, { store });
    const second = await startContractServer({}, { store });
    const port = Number(new URL(first.address).port);
    const kill = { running: first, ended: Promise.resolve() };
    const restart = async (): Promise<void> => {
      await kill.running.close();
      kill.running = await startContractServer({}, { store, port });
    };
    const onStep = (): void => {
      kill.ended = kill.ended.then(restart);
    };
    const summary = await simulate([first, second], { onStep, traces: 300 });
    await kill.ended;
    servers.push(kill.running, second);
    expect(summary.examples).toEqual([]);
    expect(summary.ends.graded + summary.ends.abandoned + summary.ends.discarded).toBe(300);
    expect(summary.ends.graded).toBeGreaterThan(250);
  });

  it("discards a rollout whose calls are never answered, as the platforms do, and scores none of them", async () => {
    const summary = await simulate(await replicas({ unlucky: 1 }), { traces: 20 });
    expect(summary.ends).toEqual({ graded: 0, abandoned: 0, discarded: 20 });
    expect(summary.givenUp.map(({ seen }) => seen)).toContain("answered 503 (key)");
    expect(summary.violations).toEqual({});
  });

  it("refuses a tool that runs no commands, and takes one that does", async () => {
    const run = async (callJson: string): Promise<SimulationSummary> => {
      const [server] = await replicas({});
      if (server === undefined) throw new Error("a server");
      const target = { ...targetOf([server], "answer"), callJson };
      return runSimulation(target, { ...optionsOf(20), printsMarks: true });
    };
    await expect(run('{"nothing": "{{mark}}"}')).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringMatching(
        /^count answers, and no answer has what a shell would print: .* --tool/u,
      ),
    });
    expect((await run('{"mark": "{{mark}}"}')).violations).toEqual({});
  });

  it("plays the same rollouts for the same seed", async () => {
    const [one, other] = [await simulate(await replicas({})), await simulate(await replicas({}))];
    const told = ({ traces, ends, calls }: SimulationSummary): unknown => ({ traces, ends, calls });
    expect(told(one)).toEqual(told(other));
  });
});

let scores = 0;

/** Services that break a promise, and the broken promises that must be seen. */
const WRONG: readonly (readonly [string, Partial<ContractBehaviour>, readonly ViolationKind[]])[] = [
  ["runs repeated calls again", { kept: null }, ["output_changed", "ran_twice"]],
  ["runs what comes twice at once twice", { reserves: false, toolMs: 20 }, ["ran_twice"]],
  ["lets traces share a sandbox", { place: () => "", late: null }, ["foreign_command"]],
  [
    "answers from another trace with the same call_id",
    { kept: ({ call_id }) => String(call_id) },
    ["lost_command"],
  ],
  [
    "gives each call a sandbox of its own",
    { place: ({ trace_id, call_id }) => JSON.stringify([trace_id, call_id]) },
    ["lost_command"],
  ],
  ["scores everything 1", { score: () => 1 }, ["wrong_score"]],
  ["scores each time otherwise", { score: () => (scores += 0.001) }, ["score_changed", "wrong_score"]],
  ["answers a grade call without a score", { gradeAnswer: () => ({}) }, ["call_refused"]],
  ["runs commands after the grade call", { late: null }, ["ran_late"]],
  ["answers an unknown tool with 404", { unknownTool: { status: 404, body: {} } }, ["mistake_refused"]],
  ["answers bad arguments with 400", { brokenArguments: { status: 400, body: {} } }, ["mistake_refused"]],
  ["refuses calls that are in order", { toolStatus: 409 }, ["call_refused"]],
  ["scores rollouts whose calls it has lost", { toolStatus: 503 }, ["scored_failed"]],
];

describe("a service that", () => {
  it.each(WRONG)("%s is seen", async (_, change, kinds) => {
    const { violations } = await simulate(await replicas(change));
    expect(Object.keys(violations)).toEqual(expect.arrayContaining([...kinds]));
  });

  it("does not share its traces among its replicas is seen", async () => {
    const { violations } = await simulate(await replicas({}, { areStrangers: true }));
    expect(Object.keys(violations)).toEqual(expect.arrayContaining(["lost_command"]));
  });

  it("counts a call twice in its score is seen", async () => {
    const change: Partial<ContractBehaviour> = {
      gradeAnswer: (score) => ({ score: score + 1 }),
      scoresCalls: true,
    };
    const { violations } = await simulate(await replicas(change), { scoreRule: "answer-and-calls" });
    expect(violations.wrong_score).toBeGreaterThan(100);
  });
});

import { afterAll, afterEach, describe, expect, it } from "vitest";
import { UndiciEndpointCaller } from "../../../src/grader-http/undici-endpoint-caller.ts";
import type { CheckResult } from "../../../src/trainer/conformance/check.ts";
import type { ConformanceTarget } from "../../../src/trainer/conformance/conformance-target.ts";
import { CONFORMANCE_CHECKS, runConformance } from "../../../src/trainer/conformance/run-conformance.ts";
import { startContractServer } from "../../support/trainer/contract-server.ts";
import type { ContractBehaviour, ContractServer } from "../../support/trainer/contract-server.ts";
import { WRONG_SERVERS } from "../../support/trainer/wrong-servers.ts";

const caller = new UndiciEndpointCaller();
afterAll(() => caller.close());
const servers: ContractServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function tried(
  change: Partial<ContractBehaviour> = {},
  fields: Partial<ConformanceTarget> = {},
): Promise<{ readonly results: readonly CheckResult[]; readonly server: ContractServer }> {
  const server = await startContractServer(change);
  servers.push(server);
  const { toolUrl, graderUrl, headers } = server;
  const target = {
    toolUrl,
    toolName: "count",
    graderUrl,
    headers,
    argumentsJson: "{}",
    item: { question: "q" },
    isCounting: true,
    burst: 8,
    timeoutMs: 20_000,
    ...fields,
  };
  return { results: await runConformance(target, { caller, signal: new AbortController().signal }), server };
}

/** The checks without `pass`, as `name: verdict`. */
function marked(results: readonly CheckResult[]): readonly string[] {
  return results.flatMap(({ check, verdict }) => (verdict === "pass" ? [] : [`${check}: ${verdict}`]));
}

describe("the conformance suite", () => {
  it("passes a server that keeps every rule, and leaves no trace open", async () => {
    const { results, server } = await tried();
    expect(marked(results)).toEqual([]);
    expect(results.map(({ check }) => check)).toEqual(CONFORMANCE_CHECKS.map(({ name }) => name));
    expect(server.openTraces()).toBe(0);
  });

  it("says what a call that does not count can't prove, and what an absent key leaves out", async () => {
    const { results } = await tried(
      { noKey: null, place: () => "", late: null, score: () => 1 },
      { isCounting: false, headers: {} },
    );
    expect(marked(results)).toEqual([
      "tools.repeat: unproven",
      "tools.repeat-at-once: unproven",
      "tools.parallel: unproven",
      "tools.traces-apart: unproven",
      "tools.late-call: warn",
      "tools.no-key: skipped",
      "tools.wrong-key: skipped",
      "grader.no-key: skipped",
      "grader.wrong-key: skipped",
    ]);
  });

  it("names each check once and gives each a rule", () => {
    const names = CONFORMANCE_CHECKS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(CONFORMANCE_CHECKS.filter(({ rule }) => !/^[A-Z`].*\.$/u.test(rule))).toEqual([]);
  });
});

describe("a wrong server", () => {
  it.each(WRONG_SERVERS)("that %s is told so", async (_, change, expected) => {
    expect(marked((await tried(change)).results)).toEqual(expected);
  });

  it("that does not answer is told so, by each rule that waits for it", async () => {
    const { results } = await tried({ toolMs: 400 }, { timeoutMs: 100, burst: 1 });
    const lines = marked(results);
    expect(lines).toEqual(expect.arrayContaining(["tools.answer: fail", "tools.in-time: fail"]));
    expect(lines.filter((line) => line.startsWith("grader."))).toEqual([]);
  });

  it("that is not there is told so", async () => {
    const { results } = await tried({}, { graderUrl: "http://127.0.0.1:9/grade" });
    const graders = results.filter(({ check }) => check.startsWith("grader.") && !check.endsWith("in-time"));
    expect(graders.map(({ verdict }) => verdict)).toEqual(graders.map(() => "fail"));
    expect(graders[0]?.evidence).toContain("no connection");
  });
});

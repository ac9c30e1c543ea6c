import { createServer } from "node:http";
import { fromBinary } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HEADERS } from "../../../src/bus/port.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { workSubject } from "../../../src/bus/subjects.ts";
import { SecretStore } from "../../../src/config/secret-store.ts";
import { serveSecrets } from "../../../src/config/secrets-service.ts";
import { loadSnapshot } from "../../../src/config/snapshot.ts";
import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import type { SandboxSpec } from "../../../src/environment/sandbox-spec.ts";
import { OutcomeSchema, SettleRequestSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { noGraderMetrics } from "../../../src/grader/metrics.ts";
import { NO_LIMITS } from "../../../src/grader/grader-limits.ts";
import type { ConfiguredLimits } from "../../../src/grader/grader-limits.ts";
import type { GraderSpec } from "../../../src/grader/schema.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { Secret } from "../../../src/lib/secret.ts";
import { SandboxBroker } from "../../../src/sandbox/broker.ts";
import { selectLauncher } from "../../../src/sandbox/select-launcher.ts";
import type { SandboxLauncher } from "../../../src/sandbox/port.ts";
import { generateSigningKeys } from "../../../src/sandbox/signing-keys.ts";
import { startGrader } from "../../../services/grader/create-grader.ts";
import type { RunningGrader } from "../../../services/grader/create-grader.ts";
import { chatBody } from "../../support/model/mock-bodies.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import { startToolServer } from "../../support/tools/tool-server.ts";
import { SANDBOXD, startLiveBus } from "../../support/grader/live-services.ts";
import type { LiveBus } from "../../support/grader/live-services.ts";
import { storeEnvironment } from "../../support/grader/stored-environment.ts";
import {
  OUTCOMES,
  PARTS,
  attemptMessages,
  gradeRequestPayload,
  settleSubjectOf,
} from "../../support/grader/stopped-rollout.ts";

const ENVIRONMENT_UID = "e".repeat(12);

const SOURCE = `
def grade(sample, item):
    print("noise")
    return 1.0 if sample["output_text"] == item["answer"] else 0.25
`;

const MULTI: GraderSpec = {
  type: "multi",
  name: "both",
  graders: {
    exact: {
      type: "string_check",
      name: "exact",
      operation: "eq",
      input: "{{ sample.output_text }}",
      reference: "{{ item.answer }}",
    },
    code: { type: "python", name: "code", source: SOURCE },
  },
  calculate_output: "(exact + code) / 2",
};

describe("a grader service on a real bus with real sandboxes", () => {
  let live: LiveBus;
  let controller: Bus;
  let worker: Bus;
  let launcher: SandboxLauncher;
  let isIsolated = false;
  let sandboxSpec: SandboxSpec;
  let broker: SandboxBroker;
  let grader: RunningGrader | null = null;
  /** Codes of what failed or was waited for. */
  let waits: string[] = [];

  beforeAll(async () => {
    live = await startLiveBus();
    controller = await live.connect("controller");
    worker = await live.connect("worker");
    sandboxSpec = environmentSpecSchema.parse({ grader: MULTI }).sandbox;
    const options = { sandboxd: SANDBOXD, spec: sandboxSpec };
    launcher = await selectLauncher("bubblewrap", options).catch(() => selectLauncher("process", options));
    isIsolated = launcher.name !== "process";
  });

  // A broker remembers which attempts it released; every test grades the same one.
  beforeEach(async () => {
    waits = [];
    broker = new SandboxBroker({
      bus: controller,
      launcher,
      namespace: PARTS.namespace,
      environmentUid: ENVIRONMENT_UID,
      spec: sandboxSpec,
      localFolder: null,
      keys: generateSigningKeys(),
    });
    await broker.start();
  });

  afterEach(async () => {
    await grader?.stop();
    grader = null;
    await broker.stop();
    for (const stream of ["work", "events", "outcomes", "leases"] as const)
      await controller.purge(stream, "rollyard.>");
  });

  afterAll(async () => {
    await launcher.close();
    await live.stop();
  });

  /** Stores snapshot, log and request as driver and planner do. */
  async function stopRollout(spec: GraderSpec, answer: string, judges = {}): Promise<void> {
    const specHash = await storeEnvironment(controller, spec, judges);
    let lastSequence = 0;
    for (const message of attemptMessages({ specHash, answer })) {
      const result = await worker.publish(message);
      if (result.kind === "stored") lastSequence = result.sequence;
    }
    const request = { attempt: 0, lastSequence, specHash, environmentUid: ENVIRONMENT_UID };
    const subject = workSubject("grade", PARTS, 0);
    await worker.publish({ subject, payload: gradeRequestPayload(request) });
  }

  async function runGrader(limits: ConfiguredLimits = NO_LIMITS): Promise<void> {
    const bus = await live.connect("grader");
    const metrics = {
      ...noGraderMetrics,
      graderFailed: (_type: string, code: string) => void waits.push(code),
    };
    grader = startGrader({ bus, limits, concurrency: 4, clock: systemClock, logger: silentLogger, metrics });
  }

  /** Waits until nothing of this kind of work is left. */
  async function untilNoGradeWork(): Promise<void> {
    await expect
      .poll(() => controller.subjects("work", "rollyard.work.grade.>").then(({ size }) => size), {
        timeout: 30_000,
      })
      .toBe(0);
  }

  it.each([
    ["4", 1, { exact: 1, code: 1 }],
    ["5", 0.125, { exact: 0, code: 0.25 }],
  ])("grades the answer %j with %d, its python in a clean sandbox", async (answer, reward, subRewards) => {
    await stopRollout(MULTI, answer);
    await runGrader();
    await untilNoGradeWork();
    const messages = await controller.read("outcomes", OUTCOMES);
    expect(messages.map(({ payload }) => fromBinary(OutcomeSchema, payload))).toMatchObject([
      { outcome: "graded", reward, passed: reward === 1, subRewards },
    ]);
  });

  it("reaches no network from its python, not even the machine's own", async () => {
    const [host = "", port = ""] = live.address.split(":");
    const source = [
      "import socket",
      "def grade(sample, item):",
      "    try:",
      `        socket.create_connection(("${host}", ${port}), timeout=5).close()`,
      "    except OSError:",
      "        return 0.5",
      "    return 1",
    ].join("\n");
    await stopRollout({ type: "python", name: "code", source }, "4");
    await runGrader();
    await untilNoGradeWork();
    const [outcome] = await controller.read("outcomes", OUTCOMES);
    // A sandbox that isolates nothing has the machine's network.
    expect(outcome?.headers[HEADERS.reward]).toBe(isIsolated ? "0.5" : "1");
  });

  it("asks a judge with the key that the controller answers, and keeps both out of the outcome", async () => {
    const judge = await startMockModel({
      script: () => ({ kind: "json", body: chatBody({ content: '{"steps": [], "result": 0.5}' }) }),
    });
    const secrets = new SecretStore([["judge/key", new Secret("canary-key")]]);
    const snapshotOf = (specHash: string) => loadSnapshot(controller, specHash);
    const serving = await serveSecrets(controller, PARTS.namespace, { secrets, snapshotOf });
    const spec: GraderSpec = {
      type: "score_model",
      name: "quality",
      model: "j",
      input: [{ role: "user", content: "{{ sample.output_text }}" }],
    };
    const apiKeySecret = { name: "judge", key: "key" };
    await stopRollout(spec, "4", { j: { baseURL: judge.baseURL, apiKeySecret } });
    await runGrader();
    await untilNoGradeWork();
    await Promise.all([serving.stop(), judge.close()]);
    const [outcome] = await controller.read("outcomes", OUTCOMES);
    expect(outcome?.headers[HEADERS.reward]).toBe("0.5");
    expect(judge.requests[0]?.headers["authorization"]).toBe("Bearer canary-key");
    expect(Buffer.from(outcome?.payload ?? []).toString("latin1")).not.toContain("canary-key");
  });

  it("tells what its judges used and which flags were raised, also without a reward", async () => {
    const judge = await startMockModel({
      script: () => ({ kind: "json", body: chatBody({ content: '{"label": "neither"}' }) }),
    });
    const spec: GraderSpec = {
      type: "label_model",
      name: "tone",
      model: "j",
      input: [{ role: "user", content: "{{ sample.output_text }}" }],
      labels: ["kind", "rude"],
      passing_labels: ["kind"],
    };
    await stopRollout(spec, "4", { j: { baseURL: judge.baseURL } });
    await runGrader({ byType: { label_model: { tries: 1 } }, byName: {} });
    await untilNoGradeWork();
    await judge.close();
    const settle = await controller.readLast("work", settleSubjectOf(0), { fromLeader: true });
    expect(fromBinary(SettleRequestSchema, settle?.payload ?? new Uint8Array())).toMatchObject({
      code: "grader_bad_answer",
      graderUsage: { j: { promptTokens: 120, completionTokens: 30 } },
      graderErrors: { model_grader_parse_error: "true" },
    });
  });

  it("settles as config what no grading can mend", async () => {
    const source = "import not_installed_anywhere\n" + SOURCE;
    await stopRollout({ type: "python", name: "code", source }, "4");
    await runGrader();
    await untilNoGradeWork();
    const settle = await controller.readLast("work", settleSubjectOf(0), { fromLeader: true });
    expect(fromBinary(SettleRequestSchema, settle?.payload ?? new Uint8Array())).toMatchObject({
      failureClass: "config",
      code: "grader_import_missing",
      evidence: { package: "not_installed_anywhere" },
      sender: "grader",
    });
    expect(await controller.read("outcomes", OUTCOMES)).toEqual([]);
  });

  it("gives a waiting request back when it is stopped, and the next grader ends it", async () => {
    const first = await startToolServer([]);
    await first.close();
    await stopRollout({ type: "endpoint", url: first.url }, "4");
    await runGrader();
    await expect.poll(() => waits.length, { timeout: 20_000 }).toBeGreaterThan(0);
    await grader?.stop();
    expect(await controller.read("outcomes", OUTCOMES)).toEqual([]);
    expect(await controller.readLast("work", settleSubjectOf(0), { fromLeader: true })).toBeNull();
    const endpoint = createServer((request, response) => {
      request.resume();
      request.on("end", () => response.end('{"score": 0.75}'));
    });
    await new Promise<void>((resolve) => {
      endpoint.listen(Number(new URL(first.url).port), "127.0.0.1", resolve);
    });
    await runGrader();
    await untilNoGradeWork();
    endpoint.closeAllConnections();
    endpoint.close();
    const [outcome] = await controller.read("outcomes", OUTCOMES);
    expect(outcome?.headers[HEADERS.reward]).toBe("0.75");
  });
});

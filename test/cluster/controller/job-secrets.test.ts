import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeRequest, encodeRequest } from "../../../src/bus/envelope.ts";
import { secretsSubject } from "../../../src/bus/subjects.ts";
import { STREAM_NAMES } from "../../../src/bus/stream-settings.ts";
import { SecretsReplySchema, SecretsRequestSchema } from "../../../src/gen/rollyard/v1/requests_pb.ts";
import { JobsWorld, PLAIN_ENVIRONMENT, plainJob } from "../../support/controller/jobs-world.ts";
import type { JobsController } from "../../support/controller/jobs-world.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { noteLogger } from "../../support/lib/note-logger.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";

const NAMESPACE = "job-secrets";
const CANARY = `canary-${randomBytes(12).toString("hex")}`;
const cluster = testCluster();

describe.skipIf(cluster.isMissing)("the secrets of a RolloutJob", () => {
  const { logger, notes } = noteLogger();
  let world: JobsWorld;
  let controller: JobsController;
  let model: MockModel;

  beforeAll(async () => {
    await installCrds(cluster);
    model = await startMockModel({ script: always({ content: "yes" }) });
    world = await JobsWorld.start(cluster, NAMESPACE);
    controller = await world.controller({ logger });
    controller.environments.put(NAMESPACE, "plain", PLAIN_ENVIRONMENT);
    await world.workers();
  });

  afterAll(async () => {
    await world?.close();
    await model?.close();
  });

  const keyed = (name: string) =>
    plainJob(name, model.baseURL, {
      model: { baseURL: model.baseURL, name: "policy", apiKeySecret: { name: "model-key", key: "key" } },
    });

  it("are waited for, by name and by key", async () => {
    await world.apply(keyed("keyed"));
    expect(await world.untilCondition("keyed", "SecretNotFound")).toMatchObject({
      reason: "NoSuchSecret",
      message: `There is no Secret "model-key" in ${NAMESPACE}.`,
    });
    await world.apply(secret({ other: "x" }));
    await eventually(
      () => world.untilCondition("keyed", "SecretNotFound"),
      ({ reason }) => reason === "NoSuchKey",
    );
  });

  it("get to the model, and rest in no stream, log, status or event", async () => {
    await world.apply(secret({ key: CANARY }));
    await world.untilCondition("keyed", "Complete");
    expect(model.requests.at(-1)?.headers["authorization"]).toBe(`Bearer ${CANARY}`);
    const bus = await world.connect("looker");
    const stored: string[] = [];
    for (const stream of STREAM_NAMES) {
      for (const subject of (await bus.subjects(stream, ">")).keys()) {
        for (const { payload, headers } of await bus.read(stream, subject)) {
          stored.push(Buffer.from(payload).toString("latin1"), JSON.stringify(headers));
        }
      }
    }
    expect(stored.length).toBeGreaterThan(16);
    const seen = [
      ...stored,
      JSON.stringify(notes),
      JSON.stringify(await world.job("keyed")),
      await world.kubectlOk(["get", "events", "-o", "json"]),
    ].join("\n");
    expect(seen).not.toContain(CANARY);
    expect(seen).not.toContain(Buffer.from(CANARY).toString("base64"));
  });

  it("may be rotated while a job runs: no rollout fails, and none is sampled twice", async () => {
    const rotated = `${CANARY}-2`;
    let isRevoked = false;
    const answer = always({ content: "yes" });
    const strict = await startMockModel({
      script: (request) => {
        const isCurrent = request.headers["authorization"] === `Bearer ${isRevoked ? rotated : CANARY}`;
        return isCurrent ? answer(request) : { kind: "status", status: 401, body: "{}" };
      },
      latencyMs: 100,
    });
    const inline = Array.from({ length: 80 }, (_, index) => ({ question: `q${index}`, answer: "yes" }));
    const apiKeySecret = { name: "model-key", key: "key" };
    await world.apply(
      plainJob("rotated", strict.baseURL, {
        dataset: { inline },
        parallelism: 4,
        samplesPerItem: 1,
        model: { baseURL: strict.baseURL, name: "policy", apiKeySecret },
      }),
    );
    await eventually(
      () => strict.requestCount,
      (asked) => asked > 10,
    );
    await world.apply(secret({ key: rotated }));
    isRevoked = true;
    await world.untilCondition("rotated", "Complete");
    expect(await world.job("rotated")).toMatchObject({
      status: { rollouts: { graded: 80, failed: 0 }, attempts: { started: 80, retried: 0 } },
    });
    const bearers = strict.requests.map(({ headers }) => headers["authorization"]);
    expect(bearers.filter((bearer) => bearer === `Bearer ${rotated}`).length).toBeGreaterThan(0);
    await world.apply(secret({ key: CANARY }));
    await world.kubectlOk(["delete", "rj", "rotated"]);
    await strict.close();
  });

  it("are given to no one whose job does not run, or runs elsewhere", async () => {
    const bus = await world.connect("stranger", "worker");
    const ask = async (namespace: string, specHash: string) => {
      const request = encodeRequest(SecretsRequestSchema, { specHash, service: "worker" });
      const result = await bus.request(secretsSubject(namespace), request, 1000);
      return result.kind === "reply" ? decodeRequest(SecretsReplySchema, result.payload).values : null;
    };
    const slow = await startMockModel({ script: () => ({ kind: "hang" }) });
    const name = "asked-for";
    await world.apply(
      plainJob(name, slow.baseURL, {
        model: { baseURL: slow.baseURL, name: "policy", apiKeySecret: { name: "model-key", key: "key" } },
      }),
    );
    await eventually(
      () => slow.requestCount,
      (asked) => asked > 0,
    );
    const looker = await world.connect("looker");
    const specs = [...(await looker.subjects("specs", ">")).keys()];
    const hashes = specs
      .map((subject) => subject.split(".").at(-1) ?? "")
      .filter((token) => token.length === 64);
    const answers = await Promise.all(hashes.map((hash) => ask(NAMESPACE, hash)));
    // Of two snapshots only that of the job that runs.
    expect(answers.filter((values) => values !== null)).toEqual([{ "model-key/key": CANARY }]);
    for (const hash of hashes) expect(await ask("elsewhere", hash)).toBeNull();
    expect(await ask(NAMESPACE, "0".repeat(64))).toBeNull();
    await world.kubectlOk(["delete", "rj", name]);
    await slow.close();
  });
});

function secret(stringData: Record<string, string>) {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "model-key" }, stringData };
}

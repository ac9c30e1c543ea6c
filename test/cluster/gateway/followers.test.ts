import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/lib/json.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { PLAIN_ENVIRONMENT, plainJob } from "../../support/controller/jobs-world.ts";
import { GatewayWorld } from "../../support/gateway/gateway-world.ts";
import type { RunningGateway } from "../../support/gateway/gateway-world.ts";
import { readLines } from "../../support/gateway/read-lines.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";

const NAMESPACE = "gateway-followers";
const FOLLOWERS = 200;
const ROLLOUTS = 40;
/** Of each rollout: started, attached, sampled, stopped. */
const EVENTS = 4;
/** Of each answer of the model to the job of that name: a few fill what lies between a gateway and who does not read. */
const LARGE_BYTES = 1_000_000;
const LARGE_ROLLOUTS = 16;
const STALLED = 40;
/** Far below what all of the followers' lines would need. */
const SMALL_HEAP = { NODE_OPTIONS: "--max-old-space-size=192" };
const cluster = testCluster();

/** A reader who follows over gateways that come and go. */
interface Follower {
  readonly path: string;
  /** Cursors of the lines that it has. */
  readonly cursors: number[];
  last: JsonObject;
}

describe.skipIf(cluster.isMissing)("a gateway with many followers", () => {
  let world: GatewayWorld;
  let model: MockModel;
  let token: string;
  /** Requests that the model answers at once; those after them wait for the gate. */
  let answers = 0;
  let gate = Promise.withResolvers<void>();

  beforeAll(async () => {
    await installCrds(cluster);
    const [small, large] = [always({ content: "yes" }), always({ content: "x".repeat(LARGE_BYTES) })];
    model = await startMockModel({
      script: (request) => (request.text.includes("large") ? large(request) : small(request)),
      get gate() {
        answers -= 1;
        return answers >= 0 ? Promise.resolve() : gate.promise;
      },
    });
    world = await GatewayWorld.start(cluster, NAMESPACE);
    const controller = await world.jobs.controller();
    controller.environments.put(NAMESPACE, "plain", PLAIN_ENVIRONMENT);
    await world.jobs.workers(4);
    token = await world.token("viewer");
  });

  afterAll(async () => {
    await world?.close();
    await model?.close();
  });

  const start = (name: string, rollouts: number): Promise<string> => {
    const inline = Array.from({ length: rollouts / 2 }, () => ({ question: name, answer: "yes" }));
    return world.jobs.apply(plainJob(name, model.baseURL, { dataset: { inline }, parallelism: 4 }));
  };
  const urlOf = ({ url }: RunningGateway, path: string): string =>
    `${url}/v1/namespaces/${NAMESPACE}/jobs/${path}`;
  const headers = (): Record<string, string> => ({ authorization: `Bearer ${token}` });

  /** Reads on behind its last line until the answer ends. */
  async function follow(gateway: RunningGateway, follower: Follower): Promise<void> {
    const after = `&after=${follower.cursors.at(-1) ?? 0}`;
    const response = await fetch(urlOf(gateway, `${follower.path}${after}`), { headers: headers() });
    for await (const line of readLines(response)) {
      if (typeof line["cursor"] === "number") follower.cursors.push(line["cursor"]);
      else follower.last = line;
    }
  }

  /** Asks, and takes nothing of the answer. */
  const stall = (gateway: RunningGateway, path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      get(urlOf(gateway, path), { headers: headers() }, resolve).on("error", reject);
    });

  it("tells each to ask elsewhere when it ends, and the next one goes on behind their last lines", async () => {
    answers = ROLLOUTS / 2;
    await start("handed", ROLLOUTS);
    const first = await world.gateway({}, undefined, SMALL_HEAP);
    const followers = Array.from({ length: FOLLOWERS }, (_, index): Follower => {
      const path = index % 2 === 0 ? "handed/results?follow=true" : "handed/log?follow=true";
      return { path, cursors: [], last: {} };
    });
    const reading = followers.map((follower) => follow(first, follower));
    await eventually(
      () => followers.filter(({ cursors }) => cursors.length >= 10).length,
      (count) => count === FOLLOWERS,
      60_000,
    );
    first.process.kill("SIGTERM");
    await Promise.all(reading);
    expect(new Set(followers.map(({ last }) => last["type"]))).toEqual(new Set(["reconnect"]));
    expect((await first.process.ended).code).toBe(0);
    const second = await world.gateway();
    const readingOn = followers.map((follower) => follow(second, follower));
    gate.resolve();
    await Promise.all(readingOn);
    expect(new Set(followers.map(({ last }) => last["type"]))).toEqual(new Set(["end"]));
    for (const kind of ["results", "log"]) {
      const alike = followers.filter(({ path }) => path.includes(kind)).map(({ cursors }) => cursors.join());
      expect(new Set(alike).size).toBe(1);
      const cursors = alike[0]?.split(",") ?? [];
      expect(new Set(cursors).size).toBe(cursors.length);
      expect(cursors.length).toBe(kind === "log" ? ROLLOUTS * EVENTS : ROLLOUTS);
    }
    second.process.kill("SIGTERM");
    expect((await second.process.ended).code).toBe(0);
  });

  it("holds next to nothing for those who do not read, and keeps no other waiting", async () => {
    answers = Number.POSITIVE_INFINITY;
    await start("large", LARGE_ROLLOUTS);
    await world.jobs.untilCondition("large", "Complete");
    const gateway = await world.gateway({}, undefined, SMALL_HEAP);
    const path = "large/results?follow=true&trajectories=true";
    const stalled = await Promise.all(
      Array.from({ length: STALLED }, (_, index) =>
        stall(gateway, index % 2 === 0 ? path : `${path}&by=group`),
      ),
    );
    const reader: Follower = { path, cursors: [], last: {} };
    await follow(gateway, reader);
    expect([reader.cursors.length, reader.last["type"]]).toEqual([LARGE_ROLLOUTS, "end"]);
    // They were given some, and still wait for the rest.
    const metrics = await (await fetch(`${gateway.metricsUrl}/metrics`)).text();
    expect(metrics).toContain(`rollyard_gateway_streams ${STALLED}`);
    for (const answer of stalled) answer.destroy();
    gateway.process.kill("SIGTERM");
    expect((await gateway.process.ended).code).toBe(0);
  });
});

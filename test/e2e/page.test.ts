import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { testHelm } from "../support/chart/test-helm.ts";
import { kubectlOk } from "../support/cluster/kubectl.ts";
import { pageCommands } from "../support/docs/page-commands.ts";
import { chatBody } from "../support/model/mock-bodies.ts";
import { startMockModel } from "../support/model/mock-model.ts";
import type { MockModel } from "../support/model/mock-model.ts";
import type { MockScript } from "../support/model/mock-reply.ts";
import { PageWorld } from "../support/node/page-world.ts";

const page = readFileSync(fileURLToPath(new URL("../../docs/kubernetes.md", import.meta.url)), "utf8");
const LONG_MS = 600_000;
/** What the page's commands name. */
const IMAGES = {
  services: "registry.example/rollyard:0.1.0",
  sandboxd: "registry.example/rollyard-sandboxd:0.1.0",
  nats: "docker.io/library/nats:2.15.2",
};
const SANDBOX = "docker.io/library/debian:bookworm-slim";

const SMALL = { replicas: 1, resources: { requests: { cpu: "20m", memory: "64Mi" } } };
const VALUES = {
  controller: SMALL,
  worker: SMALL,
  grader: SMALL,
  gateway: SMALL,
  nats: { resources: SMALL.resources },
};

interface Pods {
  readonly items: readonly {
    readonly metadata: {
      readonly labels?: Readonly<Record<string, string>>;
      readonly deletionTimestamp?: string;
    };
    readonly spec: { readonly containers: readonly { readonly image: string }[] };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

const COMPONENT = "app.kubernetes.io/component";
/** Those that stay; the probe of the network and `helm test` come and go. */
const COMPONENTS = ["controller", "worker", "grader", "gateway", "nats"];
const found = inject("whyNoNode") === null ? await testHelm() : null;

/** Computes the sum of its first message in the sandbox, and answers what came out. */
const computes: MockScript = ({ text, turn }) => {
  const { messages } = JSON.parse(text) as { readonly messages: readonly { readonly content: string }[] };
  const sum = /Compute (.*?) with/u.exec(messages[0]?.content ?? "")?.[1] ?? "";
  const call = { name: "shell", arguments: JSON.stringify({ command: `echo $((${sum}))` }) };
  const answer = /\d+/u.exec(messages.at(-1)?.content ?? "")?.[0] ?? "";
  return { kind: "json", body: chatBody(turn === 0 ? { calls: [call] } : { content: answer }) };
};

/** What it says instead when it is not the one that the job names. */
const REFUSAL = { kind: "status", status: 404, body: '{"error":{"message":"no such model"}}' } as const;

describe.skipIf(found?.kind !== "ready")("who follows docs/kubernetes.md from an empty cluster", () => {
  let world: PageWorld;
  let model: MockModel;
  let refuses = false;

  beforeAll(async () => {
    model = await startMockModel({ script: (request) => (refuses ? REFUSAL : computes(request)) });
    world = await PageWorld.start({
      helm: found?.kind === "ready" ? found.path : "",
      values: VALUES,
      images: IMAGES,
      sandboxes: [{ name: SANDBOX, corpus: null }],
      volumes: 3,
    });
  }, LONG_MS);

  afterAll(async () => {
    await world?.stop();
    await model?.close();
  }, LONG_MS);

  /** Runs the commands of a section in order. */
  async function follow(heading: string): Promise<string> {
    const said: string[] = [];
    for (const block of pageCommands(page, heading)) said.push(await world.run(block));
    return said.join("\n");
  }

  /** The lines of the only block of a section. */
  function linesOf(heading: string): readonly string[] {
    const blocks = pageCommands(page, heading);
    expect(blocks).toHaveLength(1);
    return (blocks[0] ?? "").trim().split("\n");
  }

  /** Runs a command that asks, and says yes; resolves with what the terminal showed. */
  async function agreeTo(command = ""): Promise<string> {
    const asking = world.start(["script", "-qec", command, "/dev/null"], { takesInput: true });
    await asking.says(/\[y\/N\] /u);
    asking.type("y\r");
    const { code, stdout } = await asking.ended;
    expect([code, stdout]).toEqual([0, expect.any(String)]);
    return stdout;
  }

  /** The installation's pods by component, with their images. */
  async function pods(): Promise<readonly string[]> {
    const text = await kubectlOk(world.whole.cluster, ["-n", "rollyard-system", "get", "pods", "-o", "json"]);
    const { items } = JSON.parse(text) as Pods;
    const ready = items.filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        COMPONENTS.includes(metadata.labels?.[COMPONENT] ?? "") &&
        (status.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "True"),
    );
    return ready
      .map(({ metadata, spec }) => `${metadata.labels?.[COMPONENT]} ${spec.containers[0]?.image}`)
      .toSorted();
  }

  const running = (tag: string): readonly string[] => [
    ...["controller", "gateway", "grader"].map((name) => `${name} registry.example/rollyard:${tag}`),
    ...["nats", "nats", "nats"].map((name) => `${name} nats:2.15.2`),
    `worker registry.example/rollyard:${tag}`,
  ];

  it("installs pods that get ready, and that pass their own test", { timeout: LONG_MS }, async () => {
    const said = await follow("Install");
    expect(said).toContain("Both rollouts ran in a sandbox and were graded.");
    expect(await pods()).toEqual(running("0.1.0"));
  });

  it("gets other pods by an upgrade", { timeout: LONG_MS }, async () => {
    for (const name of [IMAGES.services, IMAGES.sandboxd])
      await world.node.tagImage(name, name.replace("0.1.0", "0.2.0"));
    await follow("Upgrade");
    await world.run(
      "kubectl -n rollyard-system rollout status deployment -l app.kubernetes.io/instance=rollyard",
    );
    expect(await pods()).toEqual(running("0.2.0"));
  });

  it("submits a job, and reads its results", { timeout: LONG_MS }, async () => {
    await follow("Who may use it");
    const service = { namespace: "research", name: "vllm", port: 8000 };
    await world.serve(service, Number(new URL(model.baseURL).port));
    expect(await follow("Submit a job")).toContain("8 of 8");
    const said = await follow("Read its results");
    expect(said).toContain("All 8 rollouts have a reward: mean 1; 8 passed");
    expect(model.requests.every(({ headers }) => headers["authorization"] === "Bearer a-key")).toBe(true);
  });

  it("reads them by a port-forward too", { timeout: LONG_MS }, async () => {
    const [forward = "", read = "", ...more] = linesOf("The road to the gateway");
    expect([forward.endsWith(" &"), more]).toEqual([true, []]);
    const forwarding = world.start(forward.slice(0, -" &".length).split(" "));
    try {
      await forwarding.says(/Forwarding from 127\.0\.0\.1:8080/u);
      expect((await world.run(read)).match(/^\d-\d +1 +graded /gmu)).toHaveLength(8);
    } finally {
      forwarding.kill("SIGTERM");
      await forwarding.ended;
    }
  });

  it("finds out what is wrong with a job, mends it and removes it", { timeout: LONG_MS }, async () => {
    const [doctor, retry, suspend = "", cancel, purge] = linesOf("When something is wrong");
    expect(await agreeTo(purge)).toMatch(/8 graded results go too[^]*research\/sums is removed/u);
    refuses = true;
    const [submit, watch] = linesOf("Submit a job").slice(-2);
    expect(await world.run(`${submit}\n! ${watch}`)).toContain("model_not_found. Check spec.model.name.");
    expect(await world.run(`! ${doctor}`)).toMatch(
      /8 rollouts have no reward.*rollyard retry sums -n research/u,
    );
    refuses = false;
    expect(await world.run(`${retry}`)).toContain("research/sums-retry-1 made: 8 rollouts of sums");
    const stopped = await world.run(suspend.replace("sums", "sums-retry-1"));
    expect(stopped).toContain("research/sums-retry-1 is suspended");
    expect(await agreeTo(cancel)).toMatch(/0 graded results of 8 go too[^]*research\/sums is deleted/u);
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { kubectlOk } from "../../support/cluster/kubectl.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { CASES, GRADE_PY, HONEST, writing } from "../../support/grader/command-job.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { shellThen } from "../../support/run/run-world.ts";

const SAMPLES = 3;

const grader = {
  type: "command",
  name: "tests",
  argv: ["python3", "-I", "-B", "grade.py"],
  files: ["solution.py", "shout.py"].map((file) => ({ from: file, to: file })),
  assets: { configMap: "own-tests" },
  integrity: ["tests_unchanged", "no_early_exit"],
};

const documents = (model: string): readonly object[] => [
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "own-tests" },
    data: { "grade.py": GRADE_PY, "cases.json": JSON.stringify(CASES) },
  },
  {
    apiVersion: "rollyard.dev/v1alpha1",
    kind: "Environment",
    metadata: { name: "tested" },
    spec: {
      sandbox: { image: "registry.test/tested:1" },
      prompt: [{ role: "user", content: "{{ item.question }}" }],
      tools: [{ preset: "shell" }],
      grader,
    },
  },
  {
    apiVersion: "rollyard.dev/v1alpha1",
    kind: "RolloutJob",
    metadata: { name: "tested" },
    spec: {
      environmentRef: { name: "tested" },
      dataset: { inline: [{ question: "write it" }] },
      samplesPerItem: SAMPLES,
      model: { baseURL: model, name: "mock" },
    },
  },
];

describe.skipIf(testCluster().isMissing)("a command grader on a cluster", () => {
  let folder: string;
  let model: MockModel;
  let world: ClusterWorld;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "command-grader-"));
    model = await startMockModel({ script: shellThen(writing(HONEST)) });
    world = await ClusterWorld.start({ controllers: 1, workers: 1, graders: 1 });
    await world.startServices();
  });

  afterAll(async () => {
    await world?.stop();
    await model?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("takes its own files from a ConfigMap and the agent's from its pod, and grades in another one", async () => {
    const { cluster } = world.whole;
    const file = join(folder, "all.json");
    await writeFile(
      file,
      JSON.stringify({ apiVersion: "v1", kind: "List", items: documents(model.baseURL) }),
    );
    await kubectlOk(cluster, ["apply", "-f", file]);
    await kubectlOk(cluster, ["wait", "--for=condition=Complete", "--timeout=120s", "rolloutjob/tested"]);
    const text = await kubectlOk(cluster, ["get", "rolloutjob", "tested", "-o", "json"]);
    const { status } = JSON.parse(text) as { readonly status: object };
    expect(status).toMatchObject({
      rollouts: { total: SAMPLES, graded: SAMPLES },
      reward: { mean: 1, min: 1 },
    });
  }, 180_000);
});

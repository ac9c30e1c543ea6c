import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPython } from "../../../src/config/find-python.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { PLAIN_ENVIRONMENT } from "../../support/controller/jobs-world.ts";
import { GatewayWorld } from "../../support/gateway/gateway-world.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";

const NAMESPACE = "training-step";
const SCRIPT = fileURLToPath(new URL("../../../examples/training-step/train_step.py", import.meta.url));
const cluster = testCluster();
const python = await findPython(null);

describe.skipIf(cluster.isMissing || python === null)("the example of a training step", () => {
  let world: GatewayWorld;
  let model: MockModel;

  beforeAll(async () => {
    await installCrds(cluster);
    model = await startMockModel({ script: always({ content: "yes" }) });
    world = await GatewayWorld.start(cluster, NAMESPACE);
    const controller = await world.jobs.controller();
    controller.environments.put(NAMESPACE, "plain", PLAIN_ENVIRONMENT);
    await world.jobs.workers();
  });

  afterAll(async () => {
    await world?.close();
    await model?.close();
  });

  it("fits into thirty lines", async () => {
    const lines = (await readFile(SCRIPT, "utf8"))
      .split("\n")
      .filter((line) => !/^\s*(?:#.*|""".*""")?$/u.test(line));
    expect(lines.length).toBeLessThanOrEqual(30);
    expect(lines.filter((line) => line.length > 130 || line.includes(";"))).toEqual([]);
  });

  it("submits its batch and reads each item's group back", async () => {
    const { url } = await world.gateway();
    const batch = join(world.folder, "batch.jsonl");
    const answers = ["yes", "no", "yes"];
    const rows = answers.map((answer, n) => `${JSON.stringify({ question: `q${n}`, answer })}\n`);
    await writeFile(batch, rows.join(""));
    const token = join(world.folder, "token");
    await writeFile(token, await world.token("editor"));
    const child = spawn("python3", [SCRIPT, "12", batch, "plain", model.baseURL], {
      env: {
        ...process.env,
        ROLLYARD_GATEWAY: url,
        ROLLYARD_NAMESPACE: NAMESPACE,
        ROLLYARD_TOKEN_FILE: token,
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    const groups = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly item: number; readonly rewards: readonly number[] })
      .toSorted((a, b) => a.item - b.item);
    expect([code, groups]).toEqual([
      0,
      [1, 0, 1].map((reward, item) => ({ item, rewards: Array.from({ length: 8 }, () => reward) })),
    ]);
    expect(await world.jobs.job("step-12")).toMatchObject({ spec: { policyVersion: "step-12" } });
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { sampleEnvironment, sampleJob, withValue } from "../../support/cluster/sample-objects.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

const NAMESPACE = "crds-sizes";

const cluster = testCluster();

describe.skipIf(cluster.isMissing)("names and sizes at their limits", () => {
  const create = (object: object) => kubectl(cluster, ["-n", NAMESPACE, "create", "-f", "-"], object);

  beforeAll(async () => {
    await installCrds(cluster);
    await kubectlOk(cluster, ["create", "namespace", NAMESPACE]);
  });

  afterAll(async () => {
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=false"]);
  });

  describe.each([sampleEnvironment, sampleJob])("of %o", (sample) => {
    it("work with a name of 52 characters", async () => {
      expect(await create(sample("n".repeat(52)))).toMatchObject({ code: 0 });
    });

    it.each(["n".repeat(53), "with.dots", "Größe", "-begins"])(
      "are refused with the name %s",
      async (name) => {
        expect((await create(sample(name))).stderr).toMatch(/metadata\.name/);
      },
    );
  });

  it("work with unicode in texts", async () => {
    const content = "日本語 – ελληνικά – 🦘 – a\u0301";
    const environment = withValue(sampleEnvironment("unicode"), "spec.prompt.0.content", content);
    expect(await create(environment)).toMatchObject({ code: 0 });
    const get = ["-n", NAMESPACE, "get", "renv", "unicode", "-o", "jsonpath={.spec.prompt[0].content}"];
    expect(await kubectlOk(cluster, get)).toBe(content);
  });

  it("work with 200 tools that each have a large schema", async () => {
    const enumeration = Array.from({ length: 40 }, (_, index) => `value-${index}`);
    const tools = Array.from({ length: 200 }, (_, index) => ({
      name: `tool_${index}`,
      description: "d".repeat(1000),
      parameters: { type: "object", properties: { choice: { type: "string", enum: enumeration } } },
      exec: { argv: ["run", String(index)] },
    }));
    expect(await create(withValue(sampleEnvironment("tools"), "spec.tools", tools))).toMatchObject({
      code: 0,
    });
  });

  it("refuse more tools than there may be, with the field's name", async () => {
    const tools = Array.from({ length: 257 }, (_, index) => ({ name: `t${index}`, exec: { argv: ["x"] } }));
    const end = await create(withValue(sampleEnvironment("too-many"), "spec.tools", tools));
    expect(end.stderr).toMatch(/spec\.tools: Too many: .* 256/);
  });

  it("work with an inline dataset of a megabyte, also when the job is changed later", async () => {
    const rows = Array.from({ length: 1000 }, (_, index) => ({ question: `${index} ${"q".repeat(1000)}` }));
    const job = withValue(sampleJob("large"), "spec.dataset.inline", rows);
    expect(await create(job)).toMatchObject({ code: 0 });
    const patch = [
      "-n",
      NAMESPACE,
      "patch",
      "rj",
      "large",
      "--type=merge",
      "-p",
      '{"spec":{"parallelism":99}}',
    ];
    expect(await kubectl(cluster, patch)).toMatchObject({ code: 0, stderr: "" });
  });

  it("refuse an object that is too large, and say so", async () => {
    const rows = Array.from({ length: 2000 }, (_, index) => ({ question: `${index} ${"q".repeat(1000)}` }));
    const end = await create(withValue(sampleJob("too-large"), "spec.dataset.inline", rows));
    expect(end.stderr).toMatch(/too large/i);
  });
});

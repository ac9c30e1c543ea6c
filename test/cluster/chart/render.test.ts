import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { z } from "zod";
import { controllerConfigSchema } from "../../../services/controller/config.ts";
import { gatewayConfigSchema } from "../../../services/gateway/config.ts";
import { graderConfigSchema } from "../../../services/grader/config.ts";
import { workerConfigSchema } from "../../../services/worker/config.ts";
import { findObject, parseObjects, podSpecOf } from "../../support/chart/chart-objects.ts";
import type { ChartObject } from "../../support/chart/chart-objects.ts";
import { CHART, helm, helmOk, testHelm } from "../../support/chart/test-helm.ts";
import { kubectl } from "../../support/cluster/kubectl.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

const cluster = testCluster();
const found = await testHelm();
const NAMESPACE = "rollyard-system";
const VALUE_FILES = (await readdir(join(CHART, "ci"))).filter((name) => name.endsWith(".yaml"));
const CONFIGS: Readonly<Record<string, z.ZodType>> = {
  controller: controllerConfigSchema,
  worker: workerConfigSchema,
  grader: graderConfigSchema,
  gateway: gatewayConfigSchema,
};
const SERVICES = Object.keys(CONFIGS);

async function rendered(...args: readonly string[]): Promise<readonly ChartObject[]> {
  const text = await helmOk(found, ["template", "rollyard", CHART, "--namespace", NAMESPACE, ...args]);
  return parseObjects(text);
}

describe.skipIf(found.kind === "missing")("the chart", () => {
  it("is tried with four files of values", () => {
    expect(VALUE_FILES).toHaveLength(4);
  });

  describe.each(VALUE_FILES)("with %s", (file) => {
    const values = ["-f", join(CHART, "ci", file)];
    const isSmall = file === "one-namespace.yaml";
    const fullname = isSmall ? "team-a-rollyard" : "rollyard";
    const services = SERVICES.filter((service) => !isSmall || service !== "gateway");
    let objects: readonly ChartObject[];

    beforeAll(async () => {
      objects = await rendered(...values);
    });

    it("passes helm's lint", async () => {
      expect(await helm(found, ["lint", "--strict", CHART, ...values])).toMatchObject({ code: 0 });
    });

    it.each(services)("gives the %s a configuration that it takes", (service) => {
      const text = findObject(objects, "ConfigMap", `${fullname}-${service}`).data?.["config.yaml"] ?? "";
      expect(CONFIGS[service]?.safeParse(parse(text)).error).toBeUndefined();
    });

    it("runs every container without a right on its node, and none with the cluster's but those that need it", () => {
      const pods = objects.flatMap((object) => {
        const spec = podSpecOf(object);
        return spec === null ? [] : [{ name: object.metadata.name, spec }];
      });
      expect(pods.length).toBeGreaterThanOrEqual(services.length);
      for (const { name, spec } of pods) {
        expect([name, spec.securityContext]).toMatchObject([
          name,
          { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
        ]);
        for (const container of spec.containers)
          expect([name, container]).toMatchObject([
            name,
            {
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              resources: { limits: { memory: expect.any(String) } },
            },
          ]);
      }
      const withToken = pods.filter(({ spec }) => spec.automountServiceAccountToken !== false);
      const needing = services.filter((service) => service === "controller" || service === "gateway");
      expect(withToken.map(({ name }) => name)).toEqual(
        [...needing, "test"].map((name) => `${fullname}-${name}`),
      );
    });

    it("holds each password in a Secret only", () => {
      const secret = objects.find(({ kind }) => kind === "Secret");
      const passwords = Object.values(secret?.data ?? {}).flatMap((text) => [
        text,
        Buffer.from(text, "base64").toString(),
      ]);
      const others = JSON.stringify(objects.filter(({ kind }) => kind !== "Secret"));
      expect(passwords.filter((password) => others.includes(password))).toEqual([]);
    });

    it.skipIf(cluster.isMissing)("is accepted by an API server, every field known", async () => {
      for (const namespace of [NAMESPACE, "team-a"])
        await kubectl(cluster, ["create", "namespace", namespace]);
      // The Prometheus operator's kind is not there, and a pod is refused as long as its account is not.
      const known = objects.filter(({ kind }) => kind !== "ServiceMonitor" && kind !== "Pod");
      const list = { apiVersion: "v1", kind: "List", items: known };
      const args = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict"];
      expect(await kubectl(cluster, [...args, "-f", "-"], list)).toMatchObject({ code: 0 });
    });
  });

  it("keeps the CRDs when it is uninstalled, unless it is told otherwise", async () => {
    const policies = (objects: readonly ChartObject[]): readonly unknown[] =>
      objects
        .filter(({ kind }) => kind === "CustomResourceDefinition")
        .map(({ metadata }) => metadata.annotations?.["helm.sh/resource-policy"]);
    const image = ["--set", "image.repository=registry.example/rollyard"];
    expect(policies(await rendered(...image))).toEqual(["keep", "keep"]);
    expect(policies(await rendered(...image, "--set", "crds.keep=false"))).toEqual([undefined, undefined]);
    expect(policies(await rendered(...image, "--set", "crds.enabled=false"))).toEqual([]);
  });

  it("starts pods anew when their configuration changes, and only those", async () => {
    const sums = async (...args: readonly string[]): Promise<readonly unknown[]> => {
      const objects = await rendered("--set", "image.repository=registry.example/rollyard", ...args);
      return SERVICES.map((service) => {
        const { spec } = findObject(objects, "Deployment", `rollyard-${service}`);
        return spec?.template?.metadata.annotations?.["checksum/config"];
      });
    };
    const before = await sums();
    const after = await sums("--set", "worker.config.slots=7");
    expect(SERVICES.filter((_, index) => before[index] !== after[index])).toEqual(["worker"]);
  });

  it.each([
    ["an image without a repository", [], "image"],
    ["a value that does not exist", ["--set", "worker.slots=3"], "slots"],
    ["a setting that a service does not know", ["--set", "worker.config.slotz=3"], "slotz"],
    ["two servers", ["--set", "nats.replicas=2"], "replicas"],
    ["a server without a port", ["--set", "nats.url=nats.example"], "url"],
    ["another type", ["--set-string", "controller.replicas=two"], "replicas"],
  ])("refuses %s, and names it", async (what, more, name) => {
    const image = what.startsWith("an image") ? [] : ["--set", "image.repository=registry.example/rollyard"];
    const { code, stderr } = await helm(found, ["template", "rollyard", CHART, ...image, ...more]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(name);
  });
});

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { z } from "zod";
import { controllerConfigSchema } from "../../../services/controller/config.ts";
import { gatewayConfigSchema } from "../../../services/gateway/config.ts";
import { graderConfigSchema } from "../../../services/grader/config.ts";
import { workerConfigSchema } from "../../../services/worker/config.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { findObject, parseObjects, podSpecOf } from "../../support/chart/chart-objects.ts";
import type { ChartObject } from "../../support/chart/chart-objects.ts";
import { CHART, helm, helmOk, testHelm } from "../../support/chart/test-helm.ts";
import { accountKubeconfig } from "../../support/cluster/account-kubeconfig.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startControllersWorld } from "../../support/controller/controllers-world.ts";
import type { ControllersWorld } from "../../support/controller/controllers-world.ts";
import { startCli } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";

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

/** Objects as kubectl takes several. */
interface ChartList {
  readonly apiVersion: string;
  readonly kind: string;
  readonly items: readonly ChartObject[];
}

/** Of a controller's configuration, what differs on this machine: no node runs the probe's pods, other processes listen. */
const THIS_MACHINE = { policyProbe: { enabled: false }, metrics: { host: "127.0.0.1", port: 0 } };

describe.skipIf(found.kind === "missing")("the chart", () => {
  let folder: string;
  let world: ControllersWorld;

  beforeAll(async () => {
    if (cluster.isMissing) return;
    folder = await mkdtemp(join(tmpdir(), "rollyard-render-"));
    world = await startControllersWorld(cluster);
  });

  afterAll(async () => {
    if (cluster.isMissing) return;
    await world.stop();
    await rm(folder, { recursive: true, force: true });
  });

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

    describe.skipIf(cluster.isMissing)("on an API server", () => {
      const release = file.replace(".yaml", "");
      const namespace = `chart-${release}`;
      const installed = isSmall ? fullname : `${release}-rollyard`;
      const account = { namespace, name: `${installed}-controller` };
      let list: ChartList;

      beforeAll(async () => {
        for (const name of [namespace, "team-a"]) await kubectl(cluster, ["create", "namespace", name]);
        const text = await helmOk(found, ["template", release, CHART, "-n", namespace, ...values]);
        // The Prometheus operator's kind is not there; a pod is refused as long as its account is not.
        const known = parseObjects(text).filter(({ kind }) => kind !== "ServiceMonitor");
        const items = known.toSorted(
          (one, other) => Number(one.kind === "Pod") - Number(other.kind === "Pod"),
        );
        list = { apiVersion: "v1", kind: "List", items };
      });

      afterAll(async () => {
        const items = list.items.filter(({ kind }) => kind !== "CustomResourceDefinition");
        const remove = ["delete", "--ignore-not-found", "--wait=false", "--force", "-f", "-"];
        await kubectl(cluster, remove, { ...list, items });
        await kubectl(cluster, ["delete", "namespace", namespace, "--wait=false"]);
      });

      it("is taken, every field known, and is all there", async () => {
        const apply = ["apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-"];
        expect(await kubectl(cluster, apply, list)).toMatchObject({ code: 0 });
        const there = await kubectlOk(cluster, ["get", "-f", "-", "-o", "name"], list);
        expect(there.trim().split("\n")).toHaveLength(list.items.length);
      });

      it("lets a controller with its account and its configuration look after its namespaces", async () => {
        const config = findObject(list.items, "ConfigMap", account.name).data?.["config.yaml"] ?? "";
        const own = parse(config) as JsonObject;
        const running = await world.start(release, {
          ...own,
          ...THIS_MACHINE,
          nats: { servers: world.nats.servers.map(({ address }) => address) },
          kubeconfig: await accountKubeconfig(cluster, account, folder),
          // Those of the other tests are not its own.
          watchNamespace: own["watchNamespace"] ?? namespace,
        });
        await running.says(/environments and jobs are looked after/);
        running.kill("SIGTERM");
        expect(await running.ended).toMatchObject({ code: 0, stderr: "" });
      });
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

  it.skipIf(cluster.isMissing)(
    "is upgraded over two minor versions at once, and not over three",
    async () => {
      const namespace = "chart-versions";
      const image = ["--set", "image.repository=registry.example/rollyard"];
      const objects = await rendered(...image);
      const installed = findObject(objects, "Deployment", "rollyard-controller");
      await kubectlOk(cluster, ["create", "namespace", namespace]);
      const there = { ...installed, metadata: { ...installed.metadata, namespace } };
      await kubectlOk(cluster, ["create", "-f", "-"], there);
      const upgrade = async (version: string): Promise<CliEnd> => {
        const chart = join(folder, version);
        await cp(CHART, chart, { recursive: true });
        const text = await readFile(join(chart, "Chart.yaml"), "utf8");
        await writeFile(
          join(chart, "Chart.yaml"),
          text.replace(/^appVersion: .*$/mu, `appVersion: "${version}"`),
        );
        const asking = ["--dry-run=server", "--kubeconfig", cluster.kubeconfigFile];
        return helm(found, ["template", "rollyard", chart, "-n", namespace, ...image, ...asking]);
      };
      // What was not installed by helm is none of its own, which it says once all is rendered.
      expect((await upgrade("0.3.0")).stderr).not.toContain("minor versions");
      expect(await upgrade("0.4.1")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(
          "Rollyard 0.1.0 is installed, and 0.4.1 reads what at most two minor versions",
        ),
      });
      await kubectl(cluster, ["-n", namespace, "delete", "deployment", "rollyard-controller"]);
      await kubectl(cluster, ["delete", "namespace", namespace, "--wait=false"]);
    },
  );

  it("takes what skaffold sets, in either profile", async () => {
    const text = await readFile(join(CHART, "..", "..", "skaffold.yaml"), "utf8");
    const skaffold = parse(text) as {
      readonly deploy: {
        readonly helm: { readonly releases: readonly [{ readonly setValueTemplates: object }] };
      };
      readonly profiles: readonly {
        readonly patches: readonly { readonly path: string; readonly value: object }[];
      }[];
    };
    const templates = Object.entries(skaffold.deploy.helm.releases[0].setValueTemplates);
    const images = templates.map(([path, template]) => [
      path,
      String(template).replaceAll(/[{}.]/gu, "").toLowerCase(),
    ]);
    for (const { patches } of skaffold.profiles) {
      const own = patches
        .filter(({ path }) => path.endsWith("/setValues"))
        .flatMap(({ value }) => Object.entries(value));
      const set = [...images, ...own].flatMap(([path, value]) => ["--set", `${path}=${value}`]);
      const pod = podSpecOf(findObject(await rendered(...set), "Deployment", "rollyard-controller"));
      expect(pod?.containers[0]?.image).toBe("image_repo_rollyard:image_tag_rollyard");
    }
    expect(skaffold.profiles).toHaveLength(2);
  });

  it("notes the three commands that a user needs", async () => {
    const image = ["--set", "image.repository=registry.example/rollyard"];
    const notes = async (...args: readonly string[]): Promise<readonly string[]> => {
      const install = ["install", "mine", CHART, "-n", "here", "--dry-run=client", ...image, ...args];
      return [...(await helmOk(found, install)).matchAll(/^ {2}\d\. .*\n {5}(.*)$/gmu)].map(
        ([, line = ""]) => line,
      );
    };
    const [wait, test, submit = ""] = await notes();
    expect([wait, test]).toEqual([
      "kubectl -n here rollout status deployment -l app.kubernetes.io/instance=mine",
      "helm test mine -n here --logs",
    ]);
    expect(submit).toContain("--gateway-service here/mine-rollyard-gateway:8080");
    // Its files are the user's: the command line takes all the rest.
    const tried = await startCli(submit.split(" ").slice(1)).ended;
    expect([tried.code, tried.stderr]).toEqual([2, expect.stringContaining("environment.yaml")]);
    expect(tried.stderr).not.toContain("--help");
    expect((await notes("--set", "gateway.enabled=false"))[2]).toMatch(/^kubectl apply -f/u);
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

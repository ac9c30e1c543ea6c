import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { objectOrEmpty } from "../../../src/lib/half-valid.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { installChart } from "../../support/chart/installed-chart.ts";
import { accountKubeconfig } from "../../support/cluster/account-kubeconfig.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { sampleEnvironment } from "../../support/cluster/sample-objects.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { PLAIN_ENVIRONMENT, plainJob } from "../../support/controller/jobs-world.ts";
import { rightsOf, rolesOf, roleWithoutOne } from "../../support/controller/rights.ts";
import type { ResourceRight } from "../../support/controller/rights.ts";
import { GatewayWorld } from "../../support/gateway/gateway-world.ts";
import type { RunningGateway } from "../../support/gateway/gateway-world.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";
import { startCli } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";

const NAMESPACE = "gateway-rbac";
const SYSTEM = "rollyard-system";
const API = `/apis/rollyard.dev/v1alpha1/namespaces/${NAMESPACE}`;
const PROXY = `/api/v1/namespaces/${SYSTEM}/services/http:rollyard-gateway:8080/proxy/healthz`;
const cluster = testCluster();
const here = ["-n", NAMESPACE];
const [gatewayRole = {}] = await rolesOf("rollyard-gateway");
const [viewRole = {}] = await rolesOf("rollyard-view");
const [editRole = {}] = await rolesOf("rollyard-edit");
const [knockRole = {}] = await rolesOf("rollyard-gateway-user");

/** Whoever has a role. */
interface Someone {
  readonly name: string;
  kubectl(args: readonly string[], stdin?: object): Promise<CliEnd>;
  rollyard(...args: readonly string[]): Promise<CliEnd>;
}

/** What somebody does, and all that it needs. */
interface Deed {
  readonly needs: readonly string[];
  readonly run: (user: Someone) => Promise<CliEnd>;
}

const readingDeeds: readonly Deed[] = ["environments", "rolloutjobs"].flatMap((kind): readonly Deed[] => [
  { needs: [`${kind} get`], run: (user) => user.kubectl(["get", kind, "there"]) },
  { needs: [`${kind} list`], run: (user) => user.kubectl(["get", kind]) },
  {
    needs: [`${kind} watch`],
    run: (user) => user.kubectl(["get", kind, "--watch-only", "--request-timeout=1s"]),
  },
]);
const answerDeeds: readonly Deed[] = [
  { needs: ["rolloutjobs/results get"], run: (user) => user.rollyard("results", "there") },
  {
    needs: ["environments/results get"],
    // Nothing is served here: whoever may read hears that.
    run: async (user) => {
      const end = await user.rollyard("results", "--env", "there");
      return end.stderr.includes('No Environment "there"') ? { ...end, code: 0 } : end;
    },
  },
  { needs: ["rolloutjobs/log get"], run: (user) => user.rollyard("logs", "there") },
];

describe.skipIf(cluster.isMissing)("the rights around a gateway", () => {
  let world: GatewayWorld;
  let gateway: RunningGateway;
  let model: MockModel;
  /** Names of the accounts, and of their roles and bindings. */
  const made: string[] = [];

  beforeAll(async () => {
    await installCrds(cluster);
    model = await startMockModel({ script: always({ content: "yes" }) });
    world = await GatewayWorld.start(cluster, NAMESPACE);
    const controller = await world.jobs.controller();
    controller.environments.put(NAMESPACE, "plain", PLAIN_ENVIRONMENT);
    await world.jobs.workers();
    gateway = await world.gateway();
    await writeFile(join(world.folder, "rows.jsonl"), '{"question":"q","answer":"yes"}\n');
    await kubectlOk(cluster, [...here, "create", "-f", "-"], sampleEnvironment("there"));
    await world.jobs.apply(plainJob("there", model.baseURL));
    await world.jobs.untilCondition("there", "Complete");
  });

  afterAll(async () => {
    for (const kind of ["clusterrole", "clusterrolebinding", "role", "rolebinding"])
      await kubectl(cluster, ["-n", SYSTEM, "delete", "--ignore-not-found", kind, ...made]);
    await world?.close();
    await model?.close();
  });

  /** What editing takes: each has objects of its own. */
  const editingDeeds: readonly Deed[] = [
    {
      needs: ["rolloutjobs create", "rolloutjobs/dataset update"],
      run: async (user) => user.rollyard("submit", "-f", await jobFile(user.name)),
    },
    {
      needs: ["environments create"],
      run: (user) => user.kubectl(["create", "-f", "-"], sampleEnvironment(user.name)),
    },
    ...["environments", "rolloutjobs"].flatMap((kind): readonly Deed[] => [
      {
        needs: [`${kind} patch`],
        run: (user) => user.kubectl(["annotate", "--overwrite", kind, "there", `by=${user.name}`]),
      },
      {
        needs: [`${kind} update`],
        run: async (user) =>
          user.kubectl(
            ["replace", "-f", "-"],
            JSON.parse(await kubectlOk(cluster, [...here, "get", kind, "there", "-o", "json"])) as JsonObject,
          ),
      },
      {
        needs: [`${kind} delete`],
        run: (user) => user.kubectl(["delete", kind, user.name, "--ignore-not-found", "--timeout=60s"]),
      },
      {
        needs: [`${kind} deletecollection`],
        run: (user) => user.kubectl(["delete", "--raw", `${API}/${kind}?labelSelector=nobody%3Dhas`]),
      },
    ]),
    {
      needs: ["environments/scale patch"],
      run: (user) => user.kubectl(["scale", "environment/there", "--replicas=1"]),
    },
    {
      needs: ["environments/scale get", "environments/scale update"],
      run: (user) => user.kubectl(["scale", "environment/there", "--current-replicas=1", "--replicas=1"]),
    },
  ];

  async function jobFile(name: string): Promise<string> {
    const file = join(world.folder, `${name}.json`);
    const job = plainJob(name, model.baseURL, { dataset: { file: "rows.jsonl" } });
    await writeFile(file, JSON.stringify(job));
    return file;
  }

  /** An account of a role, or of all of it but one right, once the API server knows of it. */
  async function account(role: JsonObject, without?: ResourceRight): Promise<Someone> {
    const name = `${NAMESPACE}-${made.length}`;
    made.push(name);
    const own = without === undefined ? { ...role, metadata: { name } } : roleWithoutOne(without, name);
    const kind = role["kind"] === "Role" ? "role" : "clusterrole";
    const place = ["-n", kind === "role" ? SYSTEM : NAMESPACE];
    await kubectlOk(cluster, [...here, "create", "serviceaccount", name]);
    await kubectlOk(cluster, [...place, "create", "-f", "-"], own);
    // The gateway's own rights are about the cluster.
    const binding = kind === "role" || role !== gatewayRole ? "rolebinding" : "clusterrolebinding";
    const to = [`--${kind}=${name}`, `--serviceaccount=${NAMESPACE}:${name}`];
    await kubectlOk(cluster, [...place, "create", binding, name, ...to]);
    await untilKnown(name, role, without);
    const kubeconfig = await accountKubeconfig(cluster, { namespace: NAMESPACE, name }, world.folder);
    return {
      name,
      kubectl: (args, stdin) => kubectl({ ...cluster, kubeconfigFile: kubeconfig }, args, stdin),
      rollyard: (...args) => startCli(args, { KUBECONFIG: kubeconfig, ROLLYARD_GATEWAY: gateway.url }).ended,
    };
  }

  /** A role comes whole: once one right of it is known, all of them are. */
  async function untilKnown(name: string, role: JsonObject, without?: ResourceRight): Promise<void> {
    const other = rightsOf(role).find((right) => right.name !== without?.name);
    const { apiGroups, resourceNames } = objectOrEmpty(
      (role["rules"] as readonly JsonObject[])[other?.rule ?? 0],
    );
    const [resource, subresource = ""] = (other?.resource ?? "").split("/");
    const resourceAttributes = {
      namespace: role["kind"] === "Role" ? SYSTEM : NAMESPACE,
      group: (apiGroups as readonly string[])[0],
      resource,
      subresource,
      verb: other?.verb,
      name: (resourceNames as readonly string[] | undefined)?.[0] ?? "",
    };
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user: `system:serviceaccount:${NAMESPACE}:${name}`, resourceAttributes },
    };
    await eventually(
      () => kubectlOk(cluster, ["create", "-f", "-", "-o", "jsonpath={.status.allowed}"], review),
      (allowed) => allowed === "true",
    );
  }

  /** With all of a role every deed is done; without a right of it, the one that needs it is refused in its name. */
  function describeRole(role: JsonObject, deeds: () => readonly Deed[]): void {
    it("are enough", async () => {
      const user = await account(role);
      const refused: CliEnd[] = [];
      for (const { run } of deeds()) {
        const end = await run(user);
        if (end.code !== 0) refused.push(end);
      }
      expect(refused).toEqual([]);
    });

    it.each(rightsOf(role))("are all needed: $name", async (right) => {
      const deed = deeds().find(({ needs }) => needs.includes(right.name));
      const { code, stderr } = (await deed?.run(await account(role, right))) ?? { code: 0, stderr: "" };
      expect(code).not.toBe(0);
      const { verb, resource } = right;
      expect(stderr).toMatch(
        new RegExp(`cannot ${verb} resource "${resource}"|may not ${verb} ${resource} `, "u"),
      );
    });
  }

  describe("of who may view", () => {
    describeRole(viewRole, () => [...readingDeeds, ...answerDeeds]);
  });

  describe("of who may edit", () => {
    describeRole(editRole, () => [...readingDeeds, ...answerDeeds, ...editingDeeds]);
  });

  describe("of who may knock at the gateway", () => {
    const role = knockRole;
    const knock: Readonly<Record<string, (user: Someone) => Promise<CliEnd>>> = {
      get: (user) => user.kubectl(["get", "--raw", PROXY]),
      create: (user) => user.kubectl(["create", "--raw", PROXY, "-f", "-"], {}),
      update: (user) => user.kubectl(["replace", "--raw", PROXY, "-f", "-"], {}),
    };

    beforeAll(() => kubectlOk(cluster, ["-n", SYSTEM, "delete", "rolebinding", "rollyard-gateway-user"]));

    afterAll(() => installChart(cluster));

    it.each(rightsOf(role))("are all needed: $name", async (right) => {
      const act = knock[right.verb];
      const [whole, part] = await Promise.all([account(role), account(role, right)]);
      // No Service is there: whoever may knock hears that.
      expect((await act?.(whole))?.stderr).toMatch(/not ?found|unavailable|no endpoints/iu);
      expect((await act?.(part))?.stderr).toMatch(/forbidden/iu);
    });
  });

  describe("of the gateway itself", () => {
    /** What a user hears of a gateway with a role. */
    async function heard(role: JsonObject, without?: ResourceRight): Promise<readonly [number, unknown]> {
      const { name } = await account(role, without);
      const other = await world.gateway({}, { namespace: NAMESPACE, name });
      const headers = { authorization: `Bearer ${await world.token("viewer")}` };
      const answer = await fetch(`${other.url}/v1/namespaces/${NAMESPACE}/jobs/there`, { headers });
      const body = (await answer.json()) as JsonObject;
      other.process.kill("SIGTERM");
      expect((await other.process.ended).code).toBe(0);
      return [answer.status, objectOrEmpty(body["error"])["code"]];
    }

    it("are enough", async () => {
      expect(await heard(gatewayRole)).toEqual([200, undefined]);
    });

    it.each(rightsOf(gatewayRole))("are all needed: $name", async (right) => {
      expect(await heard(gatewayRole, right)).toEqual([500, "kube_refused"]);
    });
  });
});

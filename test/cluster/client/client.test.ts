import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StatusWriter } from "../../../src/kube/control/status-writer.ts";
import type { WithStatus } from "../../../src/kube/control/status-writer.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { KubeLeaseStore } from "../../../src/kube/leader/kube-lease-store.ts";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import type { KubeTransport } from "../../../src/kube/transport/kube-transport.ts";
import { serviceAccountCredentials } from "../../../src/kube/transport/service-account.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import type { JobStatus } from "../../../src/job/job-status.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { leaseStoreContract } from "../../support/kube/lease-store-contract.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { CONFIG_MAPS, configMap } from "../../support/cluster/mirror.ts";
import { sampleJob } from "../../support/cluster/sample-objects.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

const NAMESPACE = "client";
const JOBS = { group: "rollyard.dev", version: "v1alpha1", plural: "rolloutjobs" };
const cluster = testCluster();

describe.skipIf(cluster.isMissing)("the client of the API server", () => {
  const here = { namespace: NAMESPACE };
  let transport: KubeTransport;
  let client: KubeClient;

  beforeAll(async () => {
    await installCrds(cluster);
    await kubectlOk(cluster, ["create", "namespace", NAMESPACE]);
    transport = createKubeTransport(await kubeconfigCredentials(cluster.kubeconfigFile));
    client = new KubeClient(transport);
  });

  afterAll(async () => {
    await transport?.close();
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=false"]);
  });

  it("creates, reads, patches, replaces and deletes, and says what stands in the way", async () => {
    const place = { ...here, name: "life" };
    expect(await client.get(CONFIG_MAPS, place)).toBeNull();
    const created = await client.create<KubeObject>(CONFIG_MAPS, here, configMap("life", "1"));
    expect(created).toMatchObject({ kind: "done", object: { data: { value: "1" } } });
    expect(await client.create(CONFIG_MAPS, here, configMap("life"))).toEqual({ kind: "exists" });
    const patched = await client.patch(CONFIG_MAPS, place, { body: { data: { value: "2" } } });
    expect(patched).toMatchObject({ kind: "done", object: { data: { value: "2" } } });
    const old = created.kind === "done" ? created.object : null;
    expect(await client.replace(CONFIG_MAPS, place, old as KubeObject)).toEqual({ kind: "conflict" });
    const wrongUid = { preconditions: { uid: "another" } };
    expect(await client.delete(CONFIG_MAPS, place, wrongUid)).toEqual({ kind: "conflict" });
    expect(await client.delete(CONFIG_MAPS, place)).toMatchObject({ kind: "done" });
    expect(await client.delete(CONFIG_MAPS, place)).toEqual({ kind: "missing" });
    expect(await client.patch(CONFIG_MAPS, place, { body: {} })).toEqual({ kind: "missing" });
  });

  it("applies fields under a manager's name", async () => {
    const apply = {
      type: "application/apply-patch+yaml",
      body: configMap("applied", "1"),
      query: { fieldManager: "test", force: true },
    } as const;
    const end = await client.patch(CONFIG_MAPS, { ...here, name: "applied" }, apply);
    expect(end).toMatchObject({
      kind: "done",
      object: { metadata: { managedFields: [{ manager: "test" }] } },
    });
  });

  it("hands an invalid object's message on", async () => {
    const end = await client.create(JOBS, here, { ...sampleJob("bad"), spec: {} });
    expect(end).toMatchObject({ kind: "invalid", message: expect.stringContaining("spec.dataset") });
  });

  it("tells a spent quota from other refusals, as a reason to wait", async () => {
    const quota = {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "none" },
      spec: { hard: { "count/rolloutjobs.rollyard.dev": "0" } },
      status: {
        hard: { "count/rolloutjobs.rollyard.dev": "0" },
        used: { "count/rolloutjobs.rollyard.dev": "0" },
      },
    };
    const QUOTAS = { group: "", version: "v1", plural: "resourcequotas" };
    await client.create(QUOTAS, here, quota);
    // Without a controller manager nobody counts, so we say ourselves what is used.
    const place = { ...here, name: "none", subresource: "status" } as const;
    await client.patch(QUOTAS, place, { body: { status: quota.status } });
    const end = await client.create(JOBS, here, sampleJob("over"));
    await client.delete(QUOTAS, { ...here, name: "none" });
    expect(end).toMatchObject({ kind: "forbidden", reason: "quota" });
  });

  it("lists in pages that together hold everything", async () => {
    for (let index = 0; index < 7; index += 1) {
      const metadata = { name: `page-${index}`, labels: { set: "pages" } };
      await client.create(CONFIG_MAPS, here, { ...configMap(""), metadata });
    }
    const names: string[] = [];
    let next: string | undefined;
    do {
      const page = await client.list<KubeObject>(CONFIG_MAPS, here, {
        limit: 3,
        labelSelector: "set=pages",
        continue: next,
      });
      expect(page?.items.length).toBeLessThanOrEqual(3);
      names.push(...(page?.items ?? []).map(({ metadata }) => metadata.name));
      next = page?.metadata.continue;
    } while (next !== undefined && next !== "");
    expect(names).toEqual(Array.from({ length: 7 }, (_, index) => `page-${index}`));
  });

  it("reads a service account's token anew when the server refuses it", async () => {
    await kubectlOk(cluster, ["-n", NAMESPACE, "create", "serviceaccount", "rotated"]);
    const token = (): Promise<string> => kubectlOk(cluster, ["-n", NAMESPACE, "create", "token", "rotated"]);
    const config = JSON.parse(
      await kubectlOk(cluster, ["config", "view", "--raw", "--flatten", "-o", "json"]),
    );
    const { server, "certificate-authority-data": ca } = config.clusters[0].cluster;
    const folder = await mkdtemp(join(tmpdir(), "rollyard-account-"));
    await writeFile(join(folder, "ca.crt"), Buffer.from(ca, "base64"));
    await writeFile(join(folder, "namespace"), `${NAMESPACE}\n`);
    await writeFile(join(folder, "token"), "worn out");
    const { hostname, port } = new URL(server);
    const credentials = await serviceAccountCredentials({ host: hostname, port, folder });
    await writeFile(join(folder, "token"), await token());
    const account = createKubeTransport(credentials);
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const answer = await account.send({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      body: JSON.stringify(review),
    });
    await account.close();
    await rm(folder, { recursive: true });
    expect(credentials.namespace).toBe(NAMESPACE);
    expect(JSON.parse(answer.body).status.userInfo.username).toBe(
      `system:serviceaccount:${NAMESPACE}:rotated`,
    );
  });

  it("says which file of a service account or which kubeconfig can't be used", async () => {
    const nowhere = { host: "127.0.0.1", port: "1", folder: "/nowhere" };
    await expect(serviceAccountCredentials(nowhere)).rejects.toThrow(/ca\.crt can't be read in \/nowhere/);
    await expect(kubeconfigCredentials("/nowhere/config")).rejects.toMatchObject({
      code: "kube_credentials",
    });
  });

  it("writes a status once, not again when nothing differs, and never onto a namesake", async () => {
    await client.create(JOBS, here, sampleJob("status"));
    const place = { ...here, name: "status" };
    const first = await client.get<WithStatus>(JOBS, place);
    const writer = new StatusWriter({ client, resource: JOBS, clock: systemClock, everyMs: 0 });
    const status = { gradedIndexes: "0-3", conditions: [] };
    expect(await writer.write(first as WithStatus, status)).toEqual({ kind: "written" });
    const second = await client.get<WithStatus>(JOBS, place);
    expect(second?.status).toEqual(status);
    expect(await writer.write(second as WithStatus, status)).toEqual({ kind: "same" });
    expect(await writer.write(second as WithStatus, { conditions: [] })).toEqual({ kind: "written" });
    expect((await client.get<WithStatus>(JOBS, place))?.status).toEqual({ conditions: [] });
    await client.delete(JOBS, place);
    await client.create(JOBS, here, sampleJob("status"));
    expect(await writer.write(second as WithStatus, { gradedIndexes: "9" })).toEqual({ kind: "stale" });
    expect((await client.get<WithStatus>(JOBS, place))?.status).toBeUndefined();
    await client.delete(JOBS, place);
    expect(await writer.write(second as WithStatus, { gradedIndexes: "9" })).toEqual({ kind: "gone" });
  });

  it("writes the status that a job has before its first grade, and finds it the same", async () => {
    const status: JobStatus = {
      rollouts: { total: 8, pending: 8, active: 0, grading: 0, graded: 0, failed: 0 },
      failures: {},
      attempts: { started: 0, retried: 0 },
      tokens: { prompt: 0, completion: 0 },
      reward: { mean: null, stddev: null, min: null, max: null, zeroVarianceGroups: 0 },
      gradedIndexes: "",
      gradedIndexesTruncated: false,
    };
    await client.create(JOBS, here, sampleJob("first-status"));
    const place = { ...here, name: "first-status" };
    const writer = new StatusWriter({ client, resource: JOBS, clock: systemClock, everyMs: 0 });
    const before = await client.get<WithStatus>(JOBS, place);
    expect(await writer.write(before as WithStatus, status)).toEqual({ kind: "written" });
    const after = await client.get<WithStatus>(JOBS, place);
    expect(await writer.write(after as WithStatus, status)).toEqual({ kind: "same" });
    const fresh = new StatusWriter({ client, resource: JOBS, clock: systemClock });
    expect(await fresh.write(after as WithStatus, status)).toEqual({ kind: "same" });
  });

  it("names the field of a status that the schema refuses", async () => {
    await client.create(JOBS, here, sampleJob("invalid-status"));
    const job = await client.get<WithStatus>(JOBS, { ...here, name: "invalid-status" });
    const writer = new StatusWriter({ client, resource: JOBS, clock: systemClock });
    const bad = { conditions: [{ type: "Complete", status: "Perhaps" }] };
    await expect(writer.write(job as WithStatus, bad)).rejects.toThrow(/status\.conditions\[0\]\.status/);
  });

  describe("its store of the leader's lease", () => {
    let count = 0;
    leaseStoreContract(() => new KubeLeaseStore(client, { ...here, name: `lease-${(count += 1)}` }));
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import type { KubeCredentials } from "../../../src/kube/transport/kube-credentials.ts";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import type { KubeTransport } from "../../../src/kube/transport/kube-transport.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import type { ControlPlane } from "../../support/cluster/control-plane.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { CONFIG_MAPS, configMap, startMirror } from "../../support/cluster/mirror.ts";
import type { Mirror } from "../../support/cluster/mirror.ts";
import { ownControlPlane } from "../../support/cluster/own-control-plane.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { TcpProxy } from "../../support/kube/tcp-proxy.ts";

const NAMESPACE = "default";

describe.skipIf(testCluster().isMissing)("a reflector on an API server in trouble", () => {
  let plane: ControlPlane;
  let credentials: KubeCredentials;
  let transport: KubeTransport;
  let admin: KubeClient;
  let mirror: Mirror | undefined;
  let proxy: TcpProxy | undefined;
  let made = 0;

  beforeAll(async () => {
    plane = await ownControlPlane();
    credentials = await kubeconfigCredentials(plane.kubeconfigFile);
    transport = createKubeTransport(credentials);
    admin = new KubeClient(transport);
    await eventually(
      () => admin.create(CONFIG_MAPS, { namespace: NAMESPACE }, configMap("first")),
      ({ kind }) => kind === "done",
    );
  });

  afterEach(async () => {
    await mirror?.stop();
    await proxy?.close();
  });

  afterAll(async () => {
    await transport?.close();
    await plane?.stop();
  });

  const add = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await admin.create(CONFIG_MAPS, { namespace: NAMESPACE }, configMap(`map-${(made += 1)}`));
    }
  };
  const throughProxy = async (): Promise<KubeCredentials> => {
    proxy = new TcpProxy({ host: "127.0.0.1", port: Number(new URL(plane.server).port) });
    return { ...credentials, server: `https://127.0.0.1:${await proxy.listen()}` };
  };
  /** Resolves when the mirror shows exactly what the API server has. */
  const expectSameAsServer = async (patienceMs = 40_000): Promise<void> => {
    await eventually(
      async () => {
        const list = await admin.list(CONFIG_MAPS, { namespace: NAMESPACE });
        const truth = (list?.items ?? []).map(
          ({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`,
        );
        const seen = [...(mirror?.store.all() ?? [])].map(
          ({ key, resourceVersion }) => `${key.split("/")[1]} ${resourceVersion}`,
        );
        return { truth: truth.toSorted().join(), seen: seen.toSorted().join() };
      },
      ({ truth, seen }) => truth === seen,
      patienceMs,
    );
  };

  it("holds what the server has, page by page and then event by event, over many watches", async () => {
    await add(120);
    mirror = await startMirror(credentials, NAMESPACE, { least: 1, most: 1 });
    await expectSameAsServer();
    for (let round = 0; round < 4; round += 1) {
      await add(10);
      await admin.patch(
        CONFIG_MAPS,
        { namespace: NAMESPACE, name: "first" },
        { body: { data: { value: `${round}` } } },
      );
      await admin.delete(CONFIG_MAPS, { namespace: NAMESPACE, name: `map-${made}` });
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    await expectSameAsServer();
    expect(mirror.lists()).toBe(1);
  });

  it("resumes where it was when its connections are cut", async () => {
    mirror = await startMirror(await throughProxy(), NAMESPACE);
    await add(5);
    proxy?.cut();
    await add(5);
    await expectSameAsServer();
    expect(mirror.lists()).toBe(1);
  });

  it("notices within half a minute that a connection is dead although nobody closed it", async () => {
    mirror = await startMirror(await throughProxy(), NAMESPACE);
    await add(1);
    await expectSameAsServer();
    proxy?.freeze();
    await add(3);
    proxy?.thaw();
    await expectSameAsServer(36_000);
    expect(mirror.lists()).toBe(1);
  });

  it("comes back after the API server was killed and started again", async () => {
    mirror = await startMirror(credentials, NAMESPACE);
    await add(5);
    await plane.apiserver.kill();
    await plane.apiserver.start();
    await plane.untilReady();
    await add(5);
    await expectSameAsServer();
  });

  it("lists anew when the server has forgotten where it was, and tells the differences only", async () => {
    mirror = await startMirror(await throughProxy(), NAMESPACE);
    await expectSameAsServer();
    const removed: string[] = [];
    mirror.store.listen((change) => {
      if (change.kind === "removed") removed.push(change.before.key);
    });
    proxy?.freeze();
    await add(20);
    await admin.delete(CONFIG_MAPS, { namespace: NAMESPACE, name: "map-1" });
    // A new server process knows only what happens from now on, and its store's older versions are compacted away.
    await plane.apiserver.kill();
    await plane.compact();
    await plane.apiserver.start();
    await plane.untilReady();
    await add(5);
    proxy?.cut();
    proxy?.thaw();
    await expectSameAsServer();
    expect(mirror.lists()).toBe(2);
    expect(removed).toEqual([`${NAMESPACE}/map-1`]);
  });

  it("gives up a call to a server whose threads are stopped, and goes on afterwards", async () => {
    mirror = await startMirror(credentials, NAMESPACE);
    plane.apiserver.pause();
    const call = mirror.client.get(CONFIG_MAPS, { namespace: NAMESPACE, name: "first" });
    await expect(call).rejects.toMatchObject({ code: "kube_unreachable" });
    plane.apiserver.resume();
    await add(5);
    await expectSameAsServer();
  });

  it("tells each change once through a storm of writes, cuts and a restart, so that who only listens knows all", async () => {
    mirror = await startMirror(await throughProxy(), NAMESPACE, { least: 1, most: 2 });
    const heard = new Map([...mirror.store.all()].map((map) => [map.key, map.resourceVersion]));
    const wrong: string[] = [];
    mirror.store.listen((change) => {
      const [key, isKnown] =
        change.kind === "removed" ? [change.before.key, true] : [change.now.key, change.kind === "changed"];
      if (heard.has(key) !== isKnown) wrong.push(`${change.kind} ${key}`);
      if (change.kind === "removed") heard.delete(key);
      else heard.set(key, change.now.resourceVersion);
    });
    const untilMs = performance.now() + 12_000;
    const write = async (writer: number): Promise<void> => {
      for (let turn = 0; performance.now() < untilMs; turn += 1) {
        const place = { namespace: NAMESPACE, name: `storm-${writer}-${turn % 9}` };
        // What the restart refuses is no matter: the server's own list is what counts.
        await admin.create(CONFIG_MAPS, { namespace: NAMESPACE }, configMap(place.name)).catch(() => null);
        await admin.patch(CONFIG_MAPS, place, { body: { data: { value: `${turn}` } } }).catch(() => null);
        if (turn % 3 === 0) await admin.delete(CONFIG_MAPS, place).catch(() => null);
      }
    };
    const cut = async (): Promise<void> => {
      for (let turn = 0; performance.now() < untilMs; turn += 1) {
        await new Promise((resolve) => setTimeout(resolve, 200 + ((turn * 271) % 900)));
        proxy?.cut();
      }
    };
    const restart = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 4000));
      await plane.apiserver.kill();
      await plane.apiserver.start();
      await plane.untilReady();
    };
    await Promise.all([write(1), write(2), write(3), cut(), restart()]);
    await expectSameAsServer();
    expect(wrong).toEqual([]);
    expect(heard).toEqual(new Map([...mirror.store.all()].map((map) => [map.key, map.resourceVersion])));
  });
});

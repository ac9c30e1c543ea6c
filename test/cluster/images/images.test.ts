import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { generateSigningKeys, publicKeysOf } from "../../../src/sandbox/signing-keys.ts";
import { startNatsFixture } from "../../support/bus/nats-fixture.ts";
import type { NatsFixture } from "../../support/bus/nats-fixture.ts";
import { installChart } from "../../support/chart/installed-chart.ts";
import { accountKubeconfig } from "../../support/cluster/account-kubeconfig.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { CONTROLLER_NAMESPACE } from "../../support/controller/controller-account.ts";
import { openTestEngine } from "../../support/docker/test-engine.ts";
import type { TestEngine } from "../../support/docker/test-engine.ts";
import { buildImages, docker, IMAGES } from "../../support/images/build-images.ts";
import { freePort } from "../../support/lib/free-port.ts";

const BUILD_MS = 900_000;
const READY_MS = 60_000;
/** What a pod may do: nothing on its node, and no write to its root. */
const BOUNDS = [
  "--read-only",
  "--cap-drop",
  "ALL",
  "--security-opt",
  "no-new-privileges",
  "--network",
  "host",
];
/** Seconds that the chart's pods have to end. */
const GRACE = { controller: 30, worker: 60, grader: 180, gateway: 35 } as const;
type Name = keyof typeof GRACE;
const USES_CLUSTER: ReadonlySet<Name> = new Set(["controller", "gateway"]);
const OWN_CONFIG: Readonly<Record<Name, object>> = {
  controller: { sandboxdImage: IMAGES.sandboxd, watchNamespace: "images", policyProbe: { enabled: false } },
  worker: {},
  grader: {},
  gateway: { listen: { host: "127.0.0.1", port: 0 } },
};

const cluster = testCluster();
const opened = cluster.isMissing ? "the images are tried against an API server" : await openTestEngine();
if (typeof opened === "string") process.stderr.write(`image tests are skipped: ${opened}\n`);

describe.skipIf(typeof opened === "string")("the images", () => {
  const engine = opened as TestEngine;
  const run = (...args: readonly string[]): Promise<string> => docker(engine.host, args);
  let folder: string;
  let nats: NatsFixture;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollyard-image-test-"));
    await chmod(folder, 0o755);
    nats = await startNatsFixture();
    const streams = await nats.connect("streams");
    await streams.ensureStreams();
    await streams.close();
    await buildImages(engine.host);
  }, BUILD_MS);

  afterAll(async () => {
    await engine.stop();
    await nats?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts a service as its pod would be, and waits until it answers. */
  async function start(name: Name): Promise<{ readonly container: string; readonly origin: string }> {
    const port = await freePort();
    const place = join(folder, name);
    await mkdir(place, { recursive: true });
    const ofKind = USES_CLUSTER.has(name) ? { kubeconfig: await kubeconfigIn(place, name) } : {};
    const config = {
      nats: { servers: nats.servers.map(({ address }) => address) },
      metrics: { host: "127.0.0.1", port },
      ...ofKind,
      ...OWN_CONFIG[name],
    };
    await writeFile(join(place, "config.yaml"), stringify(config), { mode: 0o644 });
    const password = nats.servers[0]?.login(name).password ?? "";
    const container = `rollyard-image-test-${name}`;
    await run(
      ...["run", "--detach", "--name", container, ...BOUNDS, "--env", `NATS_PASSWORD=${password}`],
      ...["--volume", `${place}:/etc/rollyard:ro`, IMAGES.services],
      ...["node", `dist/services/${name}/main.js`, "--config", "/etc/rollyard/config.yaml"],
    );
    return { container, origin: `http://127.0.0.1:${port}` };
  }

  /** Its account's token in a file; resolves with where the container sees that. */
  async function kubeconfigIn(place: string, name: Name): Promise<string> {
    await installChart(cluster);
    const account = { namespace: CONTROLLER_NAMESPACE, name: `rollyard-${name}` };
    const file = await accountKubeconfig(cluster, account, place);
    // The container's user is none of this machine.
    await chmod(file, 0o644);
    return `/etc/rollyard/${basename(file)}`;
  }

  async function statusOf(url: string): Promise<number> {
    return fetch(url).then(
      ({ status }) => status,
      () => 0,
    );
  }

  /** Waits for 200; says what the container printed when it doesn't come. */
  async function answering(container: string, url: string): Promise<void> {
    await eventually(
      () => statusOf(url),
      (status) => status === 200,
      READY_MS,
    ).catch(async (error: unknown) => {
      throw new Error(`${String(error)}: ${await run("logs", container)}`);
    });
  }

  it.each(Object.keys(GRACE) as Name[])("run the %s, which answers and ends in good order", async (name) => {
    const { container, origin } = await start(name);
    await answering(container, `${origin}/readyz`);
    expect(await statusOf(`${origin}/healthz`)).toBe(200);
    await run("stop", "--time", String(GRACE[name]), container);
    const code = (await run("inspect", "--format", "{{.State.ExitCode}}", container)).trim();
    expect({ code, log: code === "0" ? "" : await run("logs", container) }).toEqual({ code: "0", log: "" });
  });

  it("say by what command a service is started in them", async () => {
    const usage = "Usage: node dist/services/controller/main.js --config FILE";
    expect(await run("run", "--rm", ...BOUNDS, IMAGES.services)).toContain(usage);
  });

  it("run as a user without rights, who can change nothing in them", async () => {
    for (const image of Object.values(IMAGES))
      expect((await run("inspect", "--format", "{{.Config.User}}", image)).trim()).toBe("10001:10001");
    const script =
      "process.stdout.write(String(process.getuid())); require('fs').writeFileSync('/app/dist/x', '')";
    const writing = run("run", "--rm", "--network", "none", IMAGES.services, "node", "-e", script);
    await expect(writing).rejects.toThrow("EACCES");
  });

  it("bring sandboxd into a pod, where it answers and ends", async () => {
    const bin = join(folder, "bin");
    await mkdir(bin);
    await chmod(bin, 0o777);
    const installing = ["--volume", `${bin}:/bin-of-pod`, IMAGES.sandboxd, "install", "/bin-of-pod/sandboxd"];
    await run("run", "--rm", ...BOUNDS, ...installing);
    expect((await stat(join(bin, "sandboxd"))).mode & 0o111).toBe(0o111);
    const port = await freePort();
    const keys = JSON.stringify(publicKeysOf(generateSigningKeys()));
    const container = "rollyard-image-test-sandboxd";
    const serving = [
      "--listen",
      `tcp:127.0.0.1:${port}`,
      "--sandbox-uid",
      "u",
      "--keys",
      keys,
      "--workdir",
      "/tmp",
    ];
    const temporary = ["--tmpfs", "/tmp:mode=1777"];
    await run(
      ...["run", "--detach", "--name", container, ...BOUNDS, ...temporary],
      ...[IMAGES.sandboxd, "serve", ...serving],
    );
    await answering(container, `http://127.0.0.1:${port}/healthz`);
    await run("stop", "--time", "10", container);
    expect((await run("inspect", "--format", "{{.State.ExitCode}}", container)).trim()).toBe("143");
  });
});

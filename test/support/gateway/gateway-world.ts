import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "../../../src/lib/json.ts";
import { chartConfig, installChart } from "../chart/installed-chart.ts";
import { accountKubeconfig, accountToken } from "../cluster/account-kubeconfig.ts";
import type { TestAccount } from "../cluster/account-kubeconfig.ts";
import type { TestCluster } from "../cluster/test-cluster.ts";
import { JobsWorld } from "../controller/jobs-world.ts";
import { nodeCommand, startProgram } from "../run/run-cli.ts";
import type { CliEnv, RunningCli } from "../run/run-cli.ts";
import { ownedFolder } from "../lib/owned-folder.ts";

/** A gateway process that answers. */
export interface RunningGateway {
  readonly url: string;
  readonly metricsUrl: string;
  readonly process: RunningCli;
}

const ACCOUNT = { namespace: "rollyard-system", name: "rollyard-gateway" };

/** Whoever uses a gateway in the test's namespace, by name of the service account. */
export type TestUser = "editor" | "viewer" | "nobody";

/** A namespace with jobs, the chart's rights, users, and gateways as processes with the chart's configuration. */
export class GatewayWorld {
  readonly jobs: JobsWorld;
  readonly folder: string;
  readonly #cluster: TestCluster;
  readonly #started: RunningCli[] = [];

  private constructor(cluster: TestCluster, jobs: JobsWorld, folder: string) {
    this.#cluster = cluster;
    this.jobs = jobs;
    this.folder = folder;
  }

  static async start(cluster: TestCluster, namespace: string): Promise<GatewayWorld> {
    const folder = await ownedFolder("rollyard-gateway-");
    await installChart(cluster);
    const jobs = await JobsWorld.start(cluster, namespace);
    for (const user of ["editor", "viewer", "nobody"])
      await jobs.kubectlOk(["create", "serviceaccount", user]);
    for (const [user, role] of [
      ["editor", "rollyard-edit"],
      ["viewer", "rollyard-view"],
    ] as const) {
      const subject = `--serviceaccount=${namespace}:${user}`;
      await jobs.kubectlOk(["create", "rolebinding", user, `--clusterrole=${role}`, subject]);
    }
    return new GatewayWorld(cluster, jobs, folder);
  }

  get namespace(): string {
    return this.jobs.namespace;
  }

  /** A token of one of the users. */
  token(user: TestUser): Promise<string> {
    return accountToken(this.#cluster, { namespace: this.namespace, name: user });
  }

  /** A kubeconfig file of one of the users. */
  kubeconfig(user: TestUser): Promise<string> {
    return accountKubeconfig(this.#cluster, { namespace: this.namespace, name: user }, this.folder);
  }

  /** Starts a gateway with the rights of its account and its NATS user. */
  async gateway(
    more: JsonObject = {},
    account: TestAccount = ACCOUNT,
    env: CliEnv = {},
  ): Promise<RunningGateway> {
    const { nats } = this.jobs;
    const config = {
      ...(await chartConfig(
        "gateway",
        nats.servers.map(({ address }) => address),
      )),
      listen: { host: "127.0.0.1", port: 0 },
      ...more,
    };
    const file = join(this.folder, `gateway-${this.#started.length}.yaml`);
    await writeFile(file, JSON.stringify(config));
    const running = startProgram(nodeCommand("services/gateway/main.ts", ["--config", file]), {
      KUBECONFIG: await accountKubeconfig(this.#cluster, account, this.folder),
      NATS_PASSWORD: nats.servers[0]?.login("gateway")?.password ?? "",
      ...env,
    });
    this.#started.push(running);
    const portOf = async (name: string): Promise<string> =>
      (await running.says(new RegExp(`"${name}":(\\d+)`, "u")))[1] ?? "";
    return {
      url: `http://127.0.0.1:${await portOf("port")}`,
      metricsUrl: `http://127.0.0.1:${await portOf("metrics_port")}`,
      process: running,
    };
  }

  /** Kills every gateway that runs. */
  async killGateways(): Promise<void> {
    for (const each of this.#started) {
      each.kill("SIGKILL");
      await each.ended;
    }
  }

  async close(): Promise<void> {
    await this.killGateways();
    await this.jobs.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

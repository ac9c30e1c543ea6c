import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chartConfig } from "../chart/installed-chart.ts";
import { startNatsFixture } from "../bus/nats-fixture.ts";
import type { NatsFixture } from "../bus/nats-fixture.ts";
import type { TestCluster } from "../cluster/test-cluster.ts";
import { nodeCommand, startProgram } from "../run/run-cli.ts";
import type { RunningCli } from "../run/run-cli.ts";
import { controllerKubeconfig } from "./controller-account.ts";
import { ownedFolder } from "../lib/owned-folder.ts";

/** A bus, and controllers as processes with the configuration and the account of the chart. */
export interface ControllersWorld {
  readonly nats: NatsFixture;
  /** Of the controller's account. */
  readonly kubeconfigFile: string;
  /** Starts one more. */
  start(id: string, more?: object): Promise<RunningCli>;
  stop(): Promise<void>;
}

/** Starts the bus and makes the account; starts no controller yet. */
export async function startControllersWorld(cluster: TestCluster): Promise<ControllersWorld> {
  const folder = await ownedFolder("rollyard-controllers-");
  const nats = await startNatsFixture();
  const [server] = nats.servers;
  const login = server?.login("controller");
  const kubeconfigFile = await controllerKubeconfig(cluster, folder);
  const base = await chartConfig(
    "controller",
    nats.servers.map(({ address }) => address),
  );
  const started: RunningCli[] = [];
  return {
    nats,
    kubeconfigFile,
    start: async (id, more = {}) => {
      const config = {
        ...base,
        id,
        sandboxdImage: "registry.example/sandboxd:1",
        policyProbe: { enabled: false },
        ...more,
      };
      const file = join(folder, `${id}.yaml`);
      await writeFile(file, JSON.stringify(config));
      const command = nodeCommand("services/controller/main.ts", ["--config", file]);
      const env = { KUBECONFIG: kubeconfigFile, NATS_PASSWORD: login?.password ?? "" };
      const running = startProgram(command, env);
      started.push(running);
      return running;
    },
    stop: async () => {
      for (const each of started) {
        each.kill("SIGCONT");
        each.kill("SIGKILL");
        await each.ended;
      }
      await nats.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

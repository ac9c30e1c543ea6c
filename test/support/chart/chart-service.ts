import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { Service } from "../../chaos/world/service.ts";
import { freePort } from "../lib/free-port.ts";
import { nodeCommand } from "../run/run-cli.ts";
import { containerEnv, findObject, podSpecOf } from "./chart-objects.ts";
import type { ChartObject } from "./chart-objects.ts";
import { RELEASE } from "./chart-release.ts";

/** A service of the chart. */
export type ChartComponent = "controller" | "worker" | "grader" | "gateway";

/** Where a service's process of this machine differs from its pod. */
export interface ChartServicePlace {
  readonly objects: readonly ChartObject[];
  readonly natsPorts: readonly number[];
  readonly folder: string;
  /** A kubeconfig with the rights of a service account alone. */
  readonly kubeconfigOf: (account: string) => Promise<string>;
}

interface ServiceConfig {
  readonly nats: object;
}

const RESTART_MS = 500;

/** How many processes of a service the chart wants. */
export function replicasOf(objects: readonly ChartObject[], component: ChartComponent): number {
  return Number(findObject(objects, "Deployment", nameOf(component)).spec?.replicas);
}

/** What a Deployment's pods are made from; they are replaced when it changes. */
export function templateOf(objects: readonly ChartObject[], component: ChartComponent): string {
  return JSON.stringify(findObject(objects, "Deployment", nameOf(component)).spec?.template);
}

/**
 * A process of a service, not started yet, with the configuration, variables and service account that its pod would have; only
 * addresses are this machine's. It is up when it says that it is ready, as its pod's probe asks.
 */
export async function chartService(
  component: ChartComponent,
  number: number,
  place: ChartServicePlace,
): Promise<Service> {
  const { objects, natsPorts, folder } = place;
  const name = `${component}-${number}`;
  const text = findObject(objects, "ConfigMap", nameOf(component)).data?.["config.yaml"] ?? "";
  const config = parse(text) as ServiceConfig;
  const pod = podSpecOf(findObject(objects, "Deployment", nameOf(component)));
  const [container] = pod?.containers ?? [];
  if (container === undefined) throw new Error(`${component} has no container`);
  const port = await freePort();
  const account = pod?.serviceAccountName;
  const file = join(folder, `${name}.yaml`);
  await writeFile(
    file,
    stringify({
      ...config,
      nats: { ...config.nats, servers: natsPorts.map((each) => `127.0.0.1:${each}`) },
      metrics: { host: "127.0.0.1", port },
      ...(component === "gateway" ? { listen: { host: "127.0.0.1", port: 0 } } : {}),
      ...(account !== undefined ? { kubeconfig: await place.kubeconfigOf(account) } : {}),
    }),
  );
  const secret = (secretName: string, key: string): string =>
    Buffer.from(findObject(objects, "Secret", secretName).data?.[key] ?? "", "base64").toString();
  const variables = Object.entries(containerEnv(container, secret, {})).map(
    ([key, value]) => `${key}=${value}`,
  );
  return new Service({
    name,
    command: [
      ...["/usr/bin/env", "-i", "PATH=/usr/bin:/bin", ...variables],
      ...nodeCommand(`services/${component}/main.ts`, ["--config", file]),
    ],
    logFile: join(folder, `${name}.log`),
    restartMs: () => RESTART_MS,
    isUp: () =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
  });
}

function nameOf(component: ChartComponent): string {
  return `${RELEASE}-${component}`;
}

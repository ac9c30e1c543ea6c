import type { Command } from "commander";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { httpUrlSchema } from "../../../src/lib/schema/http-url.ts";
import { trainerMethod } from "../../../src/trainer/job/trainer-method.ts";
import type { NamedEnvironment, TrainerMethod } from "../../../src/trainer/job/trainer-method.ts";
import type { CliIo } from "../cli-io.ts";
import { addClusterOptions } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { withCluster } from "../cluster/connect-cluster.ts";
import { clusterEnvironment } from "../cluster/submit-to-cluster.ts";
import { collected } from "../collected.ts";
import { loadEnvironment } from "../try/load-environment.ts";
import { sourcedValue } from "./header-flags.ts";

/** How a command finds the environment that is trained on, and its address. */
export interface EnvironmentFlags extends ClusterFlags {
  readonly file: readonly string[];
  readonly url?: string;
  readonly key?: string;
}

const NO_KEY = "Bearer KEY";

/** Adds the options by which the environment, its address and its key are found. */
export function addEnvironmentOptions(command: Command): Command {
  return addClusterOptions(command)
    .option(
      "-f, --file <file>",
      "YAML or JSON file with the Environment, instead of a cluster's",
      collected,
      [],
    )
    .option("--url <url>", "address at which the platform reaches the gateway, or rollyard serve")
    .option("--key <env:VAR|file:PATH>", "where the environment's key is (spec.serve.authSecret)");
}

/** The Environment of the files, or of that name on the cluster. Throws `bad_input` when neither is there. */
export async function namedEnvironment(
  name: string | undefined,
  flags: EnvironmentFlags,
  io: CliIo,
): Promise<NamedEnvironment> {
  if (flags.file.length > 0) {
    const { environment } = await loadEnvironment(flags.file, {
      cwd: io.cwd,
      env: io.env,
      secretsFor: "none",
    });
    const { metadata, spec } = environment;
    return { namespace: flags.namespace ?? metadata.namespace ?? "default", name: metadata.name, spec };
  }
  if (name === undefined) {
    throw bad("Name an Environment of the cluster, or give the file of one: -f environment.yaml");
  }
  return await withCluster(flags, io, async (cluster) => {
    const spec = await clusterEnvironment(cluster, name);
    const { namespace } = cluster;
    if (spec === null) throw bad(`There is no Environment "${name}" in the namespace "${namespace}".`);
    if (!spec.serve.enabled) {
      throw bad(
        `The Environment "${name}" is not served: set spec.serve.enabled: true and spec.serve.authSecret.`,
      );
    }
    return { namespace, name, spec };
  });
}

/** The environment's blocks for a job. Without --key they hold a placeholder, and `hasKey` says so. */
export async function methodOf(
  environment: NamedEnvironment,
  { url, key }: EnvironmentFlags,
  io: CliIo,
): Promise<{ readonly method: TrainerMethod; readonly hasKey: boolean }> {
  if (url === undefined || !httpUrlSchema.safeParse(url).success) {
    throw bad(
      "Give the address at which the platform reaches the gateway: --url https://rollouts.example.com",
    );
  }
  const value = key === undefined ? null : await sourcedValue(key, "--key", io);
  const headers = { Authorization: value === null ? NO_KEY : `Bearer ${value}` };
  return { method: trainerMethod(environment, { url, headers }), hasKey: value !== null };
}

/** What a platform can't reach, or should not: a sentence, or null. */
export function addressDoubt(url: string): string | null {
  const { protocol, hostname } = new URL(url);
  if (/^(?:localhost|127\.|\[::1\]|10\.|192\.168\.)/u.test(hostname) || hostname.endsWith(".svc")) {
    return `${hostname} is an address of this machine or its network: a platform does not reach it.`;
  }
  return protocol === "http:" ? "The key goes over the network unencrypted: give an https:// address." : null;
}

/** Where the key is, for whoever has to put it in. */
export function keyPlace({ name, namespace, spec }: NamedEnvironment): string {
  const { authSecret } = spec.serve;
  return authSecret === undefined
    ? `The Environment "${name}" names no key (spec.serve.authSecret); rollyard serve then makes one and prints it.`
    : `The key is in the Secret ${namespace}/${authSecret.name}, key ${authSecret.key}: give it by --key env:VAR or file:PATH, or put it in for KEY.`;
}

function bad(message: string): RollyardError {
  return new RollyardError("bad_input", { message });
}

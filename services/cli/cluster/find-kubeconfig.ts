import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { KubeCredentials } from "../../../src/kube/transport/kube-credentials.ts";
import { findCredentials } from "../../../src/kube/transport/find-credentials.ts";
import { hasContext } from "../../../src/kube/transport/kubeconfig-entry.ts";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import type { CliIo } from "../cli-io.ts";
import type { ClusterFlags } from "./cluster-flags.ts";

/**
 * The credentials of the user's kubeconfig, found as kubectl finds it; in a pod without one those of its service account. Of
 * several files in KUBECONFIG it takes the first that has the context. Rejects with `kube_credentials`.
 */
export async function userCredentials(flags: ClusterFlags, io: CliIo): Promise<KubeCredentials> {
  const files = kubeconfigFiles(flags, io);
  const [only] = files;
  if (only !== undefined && files.length === 1 && (await isReadable(only))) {
    return kubeconfigCredentials(only, { context: flags.context });
  }
  for (const file of files) {
    const document = await readDocument(file);
    if (document === null || !hasContext(document, flags.context)) continue;
    return kubeconfigCredentials(file, { context: flags.context });
  }
  if (io.env["KUBERNETES_SERVICE_HOST"] !== undefined)
    return findCredentials(undefined, { ...io.env, KUBECONFIG: undefined });
  throw new RollyardError("kube_credentials", {
    message: `No cluster is known: ${files.join(", ")} can't be read, or lacks the context. Name a kubeconfig by --kubeconfig or KUBECONFIG.`,
  });
}

function kubeconfigFiles({ kubeconfig }: ClusterFlags, { env, cwd }: CliIo): readonly string[] {
  if (kubeconfig !== undefined) return [path.resolve(cwd, kubeconfig)];
  const named = (env["KUBECONFIG"] ?? "").split(path.delimiter).filter((file) => file !== "");
  if (named.length > 0) return named.map((file) => path.resolve(cwd, file));
  return [path.join(env["HOME"] ?? homedir(), ".kube", "config")];
}

async function isReadable(file: string): Promise<boolean> {
  return (await readDocument(file)) !== null;
}

async function readDocument(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, "utf8")) as unknown;
  } catch {
    return null;
  }
}

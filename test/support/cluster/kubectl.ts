import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import type { TestCluster } from "./test-cluster.ts";

/** How a kubectl command ended. */
export interface KubectlEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What kubectl keeps of the cluster is kept beside the kubeconfig, and goes with it. */
export function clusterFlags({ kubeconfigFile }: Pick<TestCluster, "kubeconfigFile">): readonly string[] {
  return ["--kubeconfig", kubeconfigFile, "--cache-dir", join(dirname(kubeconfigFile), "cache")];
}

/** Runs kubectl as an administrator of the test's cluster; `stdin` may be a text, or an object that is sent as JSON. */
export function kubectl(
  cluster: TestCluster,
  args: readonly string[],
  stdin: string | object = "",
): Promise<KubectlEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(cluster.kubectl, [...clusterFlags(cluster), ...args]);
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        texts[name] += text;
      });
    }
    // It may have refused its arguments before it read anything.
    child.stdin.on("error", () => undefined);
    child.stdin.end(typeof stdin === "string" ? stdin : JSON.stringify(stdin));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, ...texts }));
  });
}

/** Like {@link kubectl}, but rejects when the command fails; resolves with what it printed. */
export async function kubectlOk(
  cluster: TestCluster,
  args: readonly string[],
  stdin: string | object = "",
): Promise<string> {
  const { code, stdout, stderr } = await kubectl(cluster, args, stdin);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

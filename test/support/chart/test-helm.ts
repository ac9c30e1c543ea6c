import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ensureHelm } from "../../../scripts/lib/helm.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import { SetupError } from "../../../scripts/lib/setup-error.mjs";
import type { CliEnd } from "../run/run-cli.ts";

/** The folder of the chart. */
export const CHART = fileURLToPath(new URL("../../../charts/rollyard", import.meta.url));

/** Helm of the test: built from its released module, or why it can't be. */
export type TestHelm =
  | { readonly kind: "ready"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Sees to it that helm is there; minutes, the first time. */
export async function testHelm(): Promise<TestHelm> {
  try {
    return { kind: "ready", path: await ensureHelm(findPlaces()) };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`chart tests are skipped: ${error.message}\n`);
    return { kind: "missing", reason: error.message };
  }
}

/** Runs helm; it finds no configuration and no repository of whoever runs the tests. */
export function helm(found: TestHelm, args: readonly string[]): Promise<CliEnd> {
  if (found.kind === "missing") return Promise.reject(new Error(found.reason));
  const nowhere = { HOME: "/nonexistent", HELM_REPOSITORY_CONFIG: "/nonexistent" };
  // Root would make a folder of any other name, for what API servers say of themselves.
  const env = { PATH: "/usr/bin:/bin", ...nowhere, KUBECACHEDIR: "/dev/null/cache" };
  return new Promise((resolve) => {
    execFile(found.path, args, { env, maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

/** Like {@link helm}, but rejects when the command fails; resolves with what it printed. */
export async function helmOk(found: TestHelm, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await helm(found, args);
  if (code !== 0) throw new Error(`helm ${args.join(" ")}: ${stderr}${stdout}`);
  return stdout;
}

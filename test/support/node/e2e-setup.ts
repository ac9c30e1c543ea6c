import { readFileSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { E2E_PLACE } from "../../../scripts/lib/e2e-tier.mjs";
import { findOnPath } from "../../../scripts/lib/find-on-path.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** Why there is no real node, or null. */
    readonly whyNoNode: string | null;
    /** Why it can't run pods of gVisor, or null. */
    readonly whyNoGvisorPods: string | null;
  }
}

const ADVICE = "the tests of real pods run in a network of their own: npm run test:e2e";

/** Vitest's global set-up of the e2e tier: says why its tests are skipped, where they have to be. */
export function setup(project: TestProject): void {
  const reason = whyNoNode(process.env);
  if (reason !== null) process.stderr.write(`e2e tests are skipped: ${reason}\n`);
  project.provide("whyNoNode", reason);
  const more = reason ?? whyNoGvisorPods(readFileSync("/proc/self/status", "utf8"));
  if (reason === null && more !== null) process.stderr.write(`pods of gVisor are not tested: ${more}\n`);
  project.provide("whyNoGvisorPods", more);
}

/** Bit of CAP_SYS_RESOURCE. */
const SYS_RESOURCE = 1n << 24n;

/** gVisor's shim lowers its own oom_score_adj, and gives up where it can't. */
function whyNoGvisorPods(status: string): string | null {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return (BigInt(`0x${effective}`) & SYS_RESOURCE) === 0n
    ? "this machine does not give root CAP_SYS_RESOURCE, which gVisor's containerd shim needs"
    : null;
}

function whyNoNode(env: NodeJS.ProcessEnv): string | null {
  const place = env[E2E_PLACE] ?? ADVICE;
  if (place !== "private") return place;
  const program = ["runc", "iptables"].find((name) => findOnPath(name, env["PATH"]) === null);
  return program === undefined ? null : `${program} is not installed (Debian: ${program})`;
}

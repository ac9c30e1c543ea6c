import type { TestProject } from "vitest/node";
import { E2E_PLACE } from "../../../scripts/lib/e2e-tier.mjs";
import { findOnPath } from "../../../scripts/lib/find-on-path.mjs";

declare module "vitest" {
  interface ProvidedContext {
    /** Why there is no real node, or null. */
    readonly whyNoNode: string | null;
  }
}

const ADVICE = "the tests of real pods run in a network of their own: npm run test:e2e";

/** Vitest's global set-up of the e2e tier: says why its tests are skipped, where they have to be. */
export function setup(project: TestProject): void {
  const reason = whyNoNode(process.env);
  if (reason !== null) process.stderr.write(`e2e tests are skipped: ${reason}\n`);
  project.provide("whyNoNode", reason);
}

function whyNoNode(env: NodeJS.ProcessEnv): string | null {
  const place = env[E2E_PLACE] ?? ADVICE;
  if (place !== "private") return place;
  if (findOnPath("runc", env["PATH"]) === null) return "runc is not installed (Debian: runc)";
  return null;
}

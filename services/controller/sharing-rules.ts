import { endpointKey } from "../../src/controller/rollout-job/dispatch-board.ts";
import type { SharingRules } from "../../src/controller/rollout-job/dispatch-board.ts";
import type { ControllerConfig } from "./config.ts";

/** How jobs share, as the configuration says. */
export function sharingRules({ namespaces, modelEndpoints }: ControllerConfig): SharingRules {
  const shares = Object.entries(namespaces).map(
    ([name, { weight, maxActive = Number.POSITIVE_INFINITY }]) => [name, { weight, maxActive }] as const,
  );
  const limits = Object.entries(modelEndpoints).map(
    ([baseURL, { maxConcurrent }]) => [endpointKey(baseURL), maxConcurrent] as const,
  );
  return { namespaces: new Map(shares), modelEndpoints: new Map(limits) };
}

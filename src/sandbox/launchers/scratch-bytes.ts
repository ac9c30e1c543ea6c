import type { SandboxSpec } from "../../environment/sandbox-spec.ts";
import { parseQuantity } from "../../lib/schema/quantity.ts";

const LEAST_BYTES = 16 * 2 ** 20;
const MOST_BYTES = 2 ** 30;

/** Size of `/tmp` and home, which are in memory: the memory limit, between 16 MiB and 1 GiB. */
export function scratchBytes(spec: SandboxSpec): number {
  const { memory } = spec.resources.limits;
  const wanted = memory === undefined ? MOST_BYTES : parseQuantity(memory);
  return Math.floor(Math.min(MOST_BYTES, Math.max(LEAST_BYTES, wanted)));
}

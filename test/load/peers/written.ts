import type { WriteResult } from "../../../src/kube/write-result.ts";

/** Throws what the API server said when a write was not done. */
export async function written<T>(result: Promise<WriteResult<T>>): Promise<void> {
  const settled = await result;
  if (settled.kind === "done") return;
  throw new Error(`a write of the benchmark was answered ${JSON.stringify(settled)}`);
}

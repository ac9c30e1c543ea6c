import type { EnvironmentSpec } from "./environment.ts";
import { hasItemImage } from "./sandbox-spec.ts";

/** Why an environment can't be served to a hosted trainer, a sentence; null when it can, or is not to be. Pure. */
export function serveProblem({
  serve,
  sandbox,
}: {
  readonly serve: Pick<EnvironmentSpec["serve"], "enabled">;
  readonly sandbox: Pick<EnvironmentSpec["sandbox"], "image">;
}): string | null {
  return serve.enabled && hasItemImage(sandbox) ? IMAGE_OF_ROW : null;
}

const IMAGE_OF_ROW =
  "spec.sandbox.image depends on the row, which is not known before a trace begins; name one image to serve it.";

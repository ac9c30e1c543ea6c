import type { ModelSpec } from "../job/model-spec.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { TryFailure, TryOutcome } from "./try-outcome.ts";

/**
 * The error of a call whose budget is spent, with a sentence that names the field to look at.
 * It carries no `cause`: the SDK's errors quote the server, and servers quote prompts.
 */
export function modelError(
  outcome: Extract<TryOutcome, { kind: "failed" | "refused" }>,
  spec: Pick<ModelSpec, "baseURL" | "name" | "apiKeySecret">,
  tries: number,
): RollyardError {
  if (outcome.kind === "refused") {
    return new RollyardError("model_rate_limited", { details: { status: outcome.status, tries } });
  }
  const message = outcome.message ?? sentence(outcome, spec);
  return new RollyardError(outcome.code, {
    details: { ...outcome.details, tries },
    ...(message === undefined ? {} : { message }),
  });
}

function sentence(
  outcome: TryFailure,
  spec: Pick<ModelSpec, "baseURL" | "name" | "apiKeySecret">,
): string | undefined {
  const endpoint = endpointText(spec.baseURL);
  switch (outcome.code) {
    case "model_unreachable":
      return `The model endpoint ${endpoint} can't be reached (${outcome.details["network"]}): check spec.model.baseURL.`;
    case "model_unauthorized":
      return spec.apiKeySecret === undefined
        ? `The model endpoint ${endpoint} wants a key: set spec.model.apiKeySecret.`
        : `The model endpoint ${endpoint} refuses the key: check spec.model.apiKeySecret.`;
    case "model_not_found":
      return `The model endpoint ${endpoint} does not know the model "${spec.name}" or the path: check spec.model.name and spec.model.baseURL.`;
    default:
      return undefined;
  }
}

/** A URL without what may be secret in it: user, password, query. */
function endpointText(baseURL: string): string {
  const { origin, pathname } = new URL(baseURL);
  return origin + pathname;
}

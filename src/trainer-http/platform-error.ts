import { APIConnectionError, APIError } from "openai";
import { RollyardError } from "../errors/rollyard-error.ts";

const MAX_MESSAGE = 600;

/** An error of the `openai` package as ours: what the platform says is what the user has to read. */
export function platformError(thrown: unknown): unknown {
  if (thrown instanceof APIConnectionError) {
    return new RollyardError("platform_unreachable", {
      message: "The platform does not answer: check --base-url and the network.",
      cause: thrown,
    });
  }
  if (!(thrown instanceof APIError)) return thrown;
  const status = Number(thrown.status ?? 0);
  const said = thrown.message.slice(0, MAX_MESSAGE);
  if (status === 401 || status === 403) {
    return new RollyardError("platform_unauthorized", {
      message: `The platform refuses the key: ${said}`,
      details: { status },
      cause: thrown,
    });
  }
  const code = status >= 500 || status === 429 ? "platform_unreachable" : "platform_refused";
  return new RollyardError(code, {
    message: `The platform says: ${said}`,
    details: { status },
    cause: thrown,
  });
}

import { ERROR_CODES } from "../errors/codes.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";

/** An error in the shape that OpenAI's clients read. */
export interface OpenAiError {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** The field of the request that is wrong, where one is. */
    readonly param: string | null;
    readonly code: string;
  };
}

/** The body of an error's answer; `code` is one of ours. */
export function openAiError({ code, message, details }: RollyardError): OpenAiError {
  const param = typeof details["param"] === "string" ? details["param"] : null;
  return { error: { message, type: typeOf(ERROR_CODES[code].httpStatus), param, code } };
}

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}

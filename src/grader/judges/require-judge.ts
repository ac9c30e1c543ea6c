import { RollyardError } from "../../errors/rollyard-error.ts";

/** The judge or embedder that a grader names. Throws `grader_config_error` for one that `spec.judges` has not. */
export function requireModel<T>(
  found: T | null,
  grader: { readonly name: string; readonly model: string },
): T {
  if (found !== null) return found;
  throw new RollyardError("grader_config_error", {
    message: `Grader "${grader.name}" asks the model "${grader.model}", which is no key of spec.judges.`,
    details: { field: "spec.judges" },
  });
}

import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { dnsLabelSchema } from "../../../src/lib/schema/names.ts";
import { clusterJobName } from "./job-name.ts";

/** Whose results are read: a RolloutJob's, or those of the traces of an Environment that is served to a hosted trainer. */
export interface ResultsSource {
  readonly kind: "job" | "environment";
  readonly name: string;
}

/** Where the gateway has them, below `/v1/`. */
export function resultsPath(namespace: string, { kind, name }: ResultsSource): string {
  return `namespaces/${namespace}/${kind}s/${name}/results`;
}

/** What a command was given: JOB, or `--env NAME`. Throws `bad_input` for both, for neither, and for what is no name. */
export function resultsSource(job: string | undefined, environment: string | undefined): ResultsSource {
  if (job !== undefined && environment === undefined) return { kind: "job", name: clusterJobName(job) };
  if (job === undefined && environment !== undefined) {
    const name = environment.replace(/^(?:renv|environment|environments)\//u, "");
    if (dnsLabelSchema.safeParse(name).success) return { kind: "environment", name };
    throw new RollyardError("bad_input", { message: `${environment} is no name of an Environment.` });
  }
  throw new RollyardError("bad_input", {
    message:
      job === undefined
        ? "Name a RolloutJob, or an Environment by --env NAME."
        : "Give a RolloutJob or --env NAME, not both.",
  });
}

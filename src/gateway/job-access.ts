/** What a request does to a RolloutJob, in the words of Kubernetes' authorization. */
export interface JobAccess {
  readonly namespace: string;
  /** Undefined for one that is not there yet. */
  readonly name?: string;
  readonly verb: "get" | "create" | "update";
  /** Of the job: not served by the API server, and there to give the right to each by itself. */
  readonly subresource?: "results" | "log" | "dataset";
}

/** As a sentence has it: `get rolloutjobs/results "math" in the namespace "team"`. */
export function accessText({ namespace, name, verb, subresource }: JobAccess): string {
  const resource = subresource === undefined ? "rolloutjobs" : `rolloutjobs/${subresource}`;
  return `${verb} ${resource}${name === undefined ? "" : ` "${name}"`} in the namespace "${namespace}"`;
}

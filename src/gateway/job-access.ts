/** What a request does to a RolloutJob or an Environment, in the words of Kubernetes' authorization. */
export interface JobAccess {
  readonly namespace: string;
  /** Default `rolloutjobs`. */
  readonly resource?: "rolloutjobs" | "environments";
  /** Undefined for one that is not there yet. */
  readonly name?: string;
  readonly verb: "get" | "create" | "update";
  /** Of the object: not served by the API server, and there to give the right to each by itself. */
  readonly subresource?: "results" | "log" | "dataset";
}

/** As a sentence has it: `get rolloutjobs/results "math" in the namespace "team"`. */
export function accessText({
  namespace,
  resource = "rolloutjobs",
  name,
  verb,
  subresource,
}: JobAccess): string {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${what}${name === undefined ? "" : ` "${name}"`} in the namespace "${namespace}"`;
}

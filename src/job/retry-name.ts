import { MAX_NAME_LENGTH } from "../lib/schema/names.ts";

/**
 * The name of a job's nth retry: `<job>-retry-<n>`. A job's name that leaves no room for the ending is cut, so that
 * the whole is a name again; whose retry it is says `spec.retryOf`, not the name.
 */
export function retryName(job: string, number: number): string {
  const ending = `-retry-${number}`;
  return `${job.slice(0, MAX_NAME_LENGTH - ending.length).replace(/-+$/u, "")}${ending}`;
}

/** What a name in the form of {@link retryName} says; null for any other. */
export function parseRetryName(name: string): { readonly job: string; readonly number: number } | null {
  const match = /^(.+)-retry-([1-9]\d*)$/u.exec(name);
  return match === null ? null : { job: match[1] ?? "", number: Number(match[2]) };
}

import { objectOrEmpty } from "../lib/half-valid.ts";
import type { AdjustDocument } from "./read-documents.ts";

/** Settings of a job that the command line may override. */
export interface JobOverrides {
  readonly modelURL?: string | undefined;
  readonly modelName?: string | undefined;
  readonly parallelism?: number | undefined;
  readonly samplesPerItem?: number | undefined;
  /** Takes only this many of the dataset's first rows. */
  readonly items?: number | undefined;
}

/**
 * Puts overrides into each RolloutJob before it is checked, so that what is in force is what is validated, hashed
 * and recorded; a job file may leave out what the command line gives.
 */
export function overrideJobs(overrides: JobOverrides): AdjustDocument {
  return (value) => {
    const document = objectOrEmpty(value);
    if (document["kind"] !== "RolloutJob") return value;
    const spec = objectOrEmpty(document["spec"]);
    return {
      ...document,
      spec: {
        ...spec,
        ...given({ parallelism: overrides.parallelism, samplesPerItem: overrides.samplesPerItem }),
        ...nested("model", spec["model"], { baseURL: overrides.modelURL, name: overrides.modelName }),
        ...nested("dataset", spec["dataset"], { limit: overrides.items }),
      },
    };
  };
}

function nested(field: string, before: unknown, changes: Readonly<Record<string, unknown>>): object {
  const wanted = given(changes);
  return Object.keys(wanted).length === 0 ? {} : { [field]: { ...objectOrEmpty(before), ...wanted } };
}

function given(changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

import { stat } from "node:fs/promises";
import path from "node:path";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { dnsLabelSchema } from "../../../src/lib/schema/names.ts";
import { meansCluster } from "./cluster-flags.ts";
import type { ClusterFlags } from "./cluster-flags.ts";

/** What a JOB of a command is: a RolloutJob of a cluster, or a folder on this machine. */
export type JobPlace =
  | { readonly kind: "cluster"; readonly name: string }
  | { readonly kind: "folder"; readonly folder: string };

const PREFIX = /^(?:rj|rolloutjob|rolloutjobs)\//u;

/**
 * The one rule: rj/NAME, and any name beside an option of a cluster, is a RolloutJob; a path, and the name of a folder that is
 * here, is a folder; any other name is a RolloutJob.
 */
export async function placeOfJob(
  given: string,
  flags: ClusterFlags,
  { cwd }: { readonly cwd: string },
): Promise<JobPlace> {
  if (PREFIX.test(given) || meansCluster(flags)) return { kind: "cluster", name: clusterJobName(given) };
  const folder = path.resolve(cwd, given);
  if (given.includes(path.sep) || given === "." || given === "..") return { kind: "folder", folder };
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder ? { kind: "folder", folder } : { kind: "cluster", name: clusterJobName(given) };
}

/** The name of a RolloutJob as a command was given it. Throws `bad_input`. */
export function clusterJobName(given: string): string {
  const name = given.replace(PREFIX, "");
  if (dnsLabelSchema.safeParse(name).success) return name;
  const hint = name.includes("/") ? " A run folder is read by rollyard list, show and report." : "";
  throw new RollyardError("bad_input", { message: `${given} is no name of a RolloutJob.${hint}` });
}

import path from "node:path";
import type { CliIo } from "../cli-io.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { withCluster } from "../cluster/connect-cluster.ts";
import { downloadResults } from "../cluster/download-results.ts";
import { placeOfJob } from "../cluster/job-name.ts";

/** The folder with a JOB's records: one that is given, or that into which a RolloutJob's results are brought first. */
export async function folderOfJob(
  given: string,
  flags: ClusterFlags & { readonly out: string },
  io: CliIo,
): Promise<string> {
  const place = await placeOfJob(given, flags, io);
  if (place.kind === "folder") return place.folder;
  const out = path.resolve(io.cwd, flags.out);
  return withCluster(flags, io, (cluster) =>
    downloadResults(cluster, { source: { kind: "job", name: place.name }, out }, io),
  );
}

import type { EndedRollout } from "../../../src/gateway/result-lines.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { countText } from "../../../src/trajectory/number-text.ts";
import { resultRecordSchema } from "../../../src/trajectory/result-record.ts";
import { trajectoryRecordSchema } from "../../../src/trajectory/trajectory-record.ts";
import type { CliIo } from "../cli-io.ts";
import type { Cluster } from "./connect-cluster.ts";
import { followLines } from "./follow-lines.ts";
import { ResultsFolder } from "./results-folder.ts";
import { StreamTeller } from "./stream-end.ts";

/** Whose results go where. */
export interface ResultsDownload {
  /** Name of the RolloutJob. */
  readonly name: string;
  /** Absolute folder around the job's. */
  readonly out: string;
  /** Goes on until the job ends. */
  readonly follow?: boolean;
}

/** Writes a job's results as a run folder and resolves with its path; what is there is not written again. */
export async function downloadResults(
  { gateway, namespace }: Cluster,
  { name, out, follow = false }: ResultsDownload,
  io: Pick<CliIo, "stderr">,
): Promise<string> {
  const folder = await ResultsFolder.open(out, name);
  const teller = new StreamTeller(io);
  const query = { follow: String(follow), by: "rollout", trajectories: "true", attempts: "true" };
  try {
    const address = `namespaces/${namespace}/jobs/${name}/results`;
    const onLost = (message: string): void => teller.lost(message);
    for await (const line of followLines(gateway, { path: address, query, onLost })) {
      if (!teller.take(line)) await written(line, folder);
    }
    io.stderr(`${countText(folder.size, "rollout")} in ${folder.path}\n`);
    return folder.path;
  } finally {
    await folder.close();
  }
}

async function written(line: JsonObject, folder: ResultsFolder): Promise<void> {
  const { result, trajectory } = endedIn(line);
  if (line["type"] === "attempt") await folder.attempt(result);
  else await folder.ended(result, trajectory);
}

/** What a line of results says. The gateway may be newer than this program: what is not what it knows is refused. */
export function endedIn(line: JsonObject): EndedRollout {
  const result = resultRecordSchema.safeParse(line["result"]);
  const trajectory = trajectoryRecordSchema.optional().safeParse(line["trajectory"]);
  if (result.success && trajectory.success) {
    return { result: result.data, ...(trajectory.data === undefined ? {} : { trajectory: trajectory.data }) };
  }
  throw new RollyardError("bad_input", {
    message: "The gateway sends results in another form: use a rollyard of its version.",
  });
}

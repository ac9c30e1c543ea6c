import { mkdir, open } from "node:fs/promises";
import path from "node:path";
import { tracedEnvironment } from "../../../src/bus/subjects.ts";
import type { EndedRollout } from "../../../src/gateway/result-lines.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { countText } from "../../../src/trajectory/number-text.ts";
import { resultRecordSchema } from "../../../src/trajectory/result-record.ts";
import type { ResultRecord } from "../../../src/trajectory/result-record.ts";
import { trajectoryRecordSchema } from "../../../src/trajectory/trajectory-record.ts";
import type { CliIo } from "../cli-io.ts";
import { RowNumbers } from "../serve/row-numbers.ts";
import type { Cluster } from "./connect-cluster.ts";
import { followLines } from "./follow-lines.ts";
import type { GatewayClient } from "./gateway-client.ts";
import { ResultsFolder } from "./results-folder.ts";
import { resultsPath } from "./results-source.ts";
import type { ResultsSource } from "./results-source.ts";
import { StreamTeller } from "./stream-end.ts";

/** Whose results go where. */
export interface ResultsDownload {
  readonly source: ResultsSource;
  /** Absolute folder around the job's, or the environment's. */
  readonly out: string;
  /** Goes on until the job ends. */
  readonly follow?: boolean;
}

/** Writes results as a run folder and resolves with its path; what is there is not written again. */
export async function downloadResults(
  { gateway, namespace }: Pick<Cluster, "namespace"> & { readonly gateway: Pick<GatewayClient, "lines"> },
  { source, out, follow = false }: ResultsDownload,
  io: Pick<CliIo, "stderr">,
): Promise<string> {
  await requireOfOneKind(path.join(out, source.name), source);
  const folder = await ResultsFolder.open(out, source.name);
  const teller = new StreamTeller(io);
  const isJob = source.kind === "job";
  const ofJob = { follow: String(follow), by: "rollout", attempts: "true" };
  const query = { trajectories: "true", ...(isJob ? ofJob : {}) };
  try {
    const rows = isJob ? null : await openRows(folder.path);
    const address = resultsPath(namespace, source);
    const onLost = (message: string): void => teller.lost(message);
    for await (const line of followLines(gateway, { path: address, query, onLost })) {
      if (!teller.take(line)) await written(line, folder, rows);
    }
    io.stderr(`${countText(folder.size, "rollout")} in ${folder.path}\n`);
    return folder.path;
  } finally {
    await folder.close();
  }
}

/** A job's rows have their numbers, and those of traces are numbered as they come: in one folder they would be mixed up. */
async function requireOfOneKind(folder: string, { kind, name }: ResultsSource): Promise<void> {
  const rollout = await firstRollout(path.join(folder, "results.jsonl"));
  if (rollout === null || kindOf(rollout) === kind) return;
  const other = kind === "job" ? "an Environment" : "a RolloutJob";
  throw new RollyardError("run_folder_conflict", {
    message: `${folder} has the results of ${other} named ${name}: give another --out.`,
  });
}

function kindOf(rollout: string): ResultsSource["kind"] {
  return tracedEnvironment(rollout.split("-")[0] ?? "") === null ? "job" : "environment";
}

/** Which rollout a file of results begins with; null for none. */
async function firstRollout(results: string): Promise<string | null> {
  const file = await open(results).catch(() => null);
  if (file === null) return null;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0);
    return /"rollout":"([^"]+)"/u.exec(buffer.toString("utf8", 0, bytesRead))?.[1] ?? null;
  } finally {
    await file.close();
  }
}

async function openRows(folder: string): Promise<RowNumbers> {
  const privateFolder = path.join(folder, ".rollyard");
  await mkdir(privateFolder, { recursive: true, mode: 0o700 });
  return new RowNumbers(folder, privateFolder);
}

async function written(line: JsonObject, folder: ResultsFolder, rows: RowNumbers | null): Promise<void> {
  const { result, trajectory } = endedIn(line);
  if (line["type"] === "attempt") return folder.attempt(result);
  // Numbered once: what is there has its place.
  if (rows === null) return folder.ended(result, trajectory);
  if (!folder.has(result)) await folder.ended(placed(result, trajectory, rows), trajectory);
}

/** With the number of its row, as a local `serve` writes it; a trace without a log has none. */
function placed(
  result: ResultRecord,
  trajectory: EndedRollout["trajectory"],
  rows: RowNumbers,
): ResultRecord {
  if (trajectory === undefined) return result;
  const { itemIndex, sampleIndex } = rows.place(trajectory.item as JsonObject);
  return { ...result, item_index: itemIndex, sample_index: sampleIndex };
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

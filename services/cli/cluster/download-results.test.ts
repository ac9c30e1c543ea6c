import path from "node:path";
import { describe, expect, it } from "vitest";
import { aResult, aTrajectory } from "../../../test/support/trajectory/records.ts";
import { linesOf, scratchFolder } from "../../../test/support/trajectory/scratch-folder.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { downloadResults } from "./download-results.ts";
import type { GatewayRequest } from "./gateway-client.ts";

const ENVIRONMENT = { kind: "environment", name: "math" } as const;
const quiet = { stderr: () => undefined };

/** The line of a trace of a row; its place stands for itself alone. */
function lineOf(trace: number, row: JsonObject | null, owner = "t0123456789ab"): JsonObject {
  const rollout = `${owner}-${1000 + trace}-7`;
  const result = aResult({ rollout, item_index: 1000 + trace, sample_index: 7 });
  const line = row === null ? { result } : { result, trajectory: aTrajectory({ rollout, item: row }) };
  return JSON.parse(JSON.stringify({ type: "result", cursor: trace, ...line })) as JsonObject;
}

function clusterWith(results: readonly JsonObject[]) {
  const asked: GatewayRequest[] = [];
  const lines = async function* (request: GatewayRequest): AsyncGenerator<JsonObject> {
    asked.push(request);
    yield* [...results, { type: "end", ended: false }];
  };
  return { asked, namespace: "team", gateway: { lines } };
}

async function placesIn(out: string): Promise<unknown[]> {
  const lines = await linesOf(path.join(out, "math"), "results.jsonl");
  return lines.map(({ item_index, sample_index }) => [item_index, sample_index]);
}

describe("downloadResults of an environment", () => {
  it("numbers traces by their rows as they come, and goes on from what is there", async () => {
    const out = await scratchFolder();
    const first = [lineOf(1, { q: 1 }), lineOf(2, { q: 2 }), lineOf(3, { q: 1 }), lineOf(4, null)];
    await downloadResults(clusterWith(first), { source: ENVIRONMENT, out }, quiet);
    // The oldest records were removed meanwhile.
    const later = [...first.slice(1), lineOf(5, { q: 2 }), lineOf(6, { q: 3 }), lineOf(7, { q: 1 })];
    await downloadResults(clusterWith(later), { source: ENVIRONMENT, out }, quiet);
    expect(await placesIn(out)).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
      [1004, 7],
      [1, 1],
      [2, 0],
      [0, 2],
    ]);
  });

  it("asks for what there is of it: trajectories, and nothing of a job's", async () => {
    const cluster = clusterWith([]);
    await downloadResults(cluster, { source: ENVIRONMENT, out: await scratchFolder() }, quiet);
    expect(cluster.asked).toMatchObject([
      { path: "namespaces/team/environments/math/results", query: { trajectories: "true", after: "0" } },
    ]);
    expect(Object.keys(cluster.asked[0]?.query ?? {})).toEqual(["trajectories", "after"]);
  });

  it("never mixes a job's results with those of an environment of its name", async () => {
    const out = await scratchFolder();
    const [job, row] = [{ kind: "job", name: "math" } as const, lineOf(1, { q: 1 })];
    const ofJob = lineOf(1, { q: 1 }, "0123456789ab");
    const conflict = { code: "run_folder_conflict" };
    // Nothing came: it is nobody's yet.
    await downloadResults(clusterWith([]), { source: job, out }, quiet);
    await downloadResults(clusterWith([row]), { source: ENVIRONMENT, out }, quiet);
    const second = downloadResults(clusterWith([ofJob]), { source: job, out }, quiet);
    await expect(second).rejects.toMatchObject(conflict);
    const other = await scratchFolder();
    await downloadResults(clusterWith([ofJob]), { source: job, out: other }, quiet);
    const third = downloadResults(clusterWith([row]), { source: ENVIRONMENT, out: other }, quiet);
    await expect(third).rejects.toMatchObject(conflict);
    expect(await placesIn(other)).toEqual([[1001, 7]]);
  });
});

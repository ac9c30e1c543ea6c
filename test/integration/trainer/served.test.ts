import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startCli } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";
import { serveWorld } from "../../support/serve/serve-world.ts";
import type { Served } from "../../support/serve/serve-world.ts";
import { ReplicaAddress } from "../../support/trainer/replica-address.ts";

const world = serveWorld();
const addresses: ReplicaAddress[] = [];
afterEach(async () => {
  for (const address of addresses.splice(0)) await address.close();
});

/** Rollouts of the simulation with kills; more of them by hand. */
const TRACES = process.env["ROLLYARD_TEST_TRACES"] ?? "60";
/** Pause between a replica that is up again and the next kill. */
const PAUSE_MS = 2000;
/** A test that hangs ends; beside busy neighbours it may take minutes. */
const LIMIT_MS = Number(TRACES) * 1000 + 600_000;

/** The file that `serve --json > FILE` makes. */
async function targetFile({ folder, headers, tools, grader }: Served): Promise<string> {
  const file = path.join(folder, "served.json");
  await writeFile(file, `${JSON.stringify({ headers, tools, grader: { url: grader } })}\n`);
  return file;
}

async function metricsOf({ process: serve }: Served): Promise<string> {
  const [, url = ""] = await serve.says(/metrics at (\S+)/u);
  return url;
}

async function rollyard(...args: readonly string[]): Promise<CliEnd> {
  return await startCli(args).ended;
}

describe("a served environment", () => {
  it(
    "keeps every rule of the contract",
    async () => {
      const served = await world.serve();
      const counting = ["--counting", "--arguments", JSON.stringify({ command: "echo x >> n; wc -l < n" })];
      const target = ["--target", await targetFile(served), "--item", '{"answer": "2", "question": "1 + 1"}'];
      const end = await rollyard("conformance", ...target, ...counting, "--burst", "30", "--json");
      const { results, conforms } = JSON.parse(end.stdout);
      const marked = results.filter(({ verdict }: { verdict: string }) => verdict !== "pass");
      expect(marked).toEqual([]);
      expect(conforms).toBe(true);
      expect(end.code).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    "keeps every promise to a trainer over two gateways that are killed and replaced",
    async () => {
      const served = await world.serve({ spec: "  serve: {idleSeconds: 45}" });
      const replicas = await Promise.all([world.replica(served), world.replica(served)]);
      const at = await Promise.all(replicas.map(({ base }) => ReplicaAddress.start(base)));
      addresses.push(...at);
      const simulation = startCli([
        ...["trainer", "simulate", "--target", await targetFile(served), "--traces", TRACES, "--step", "20"],
        ...at.flatMap(({ url }) => ["--replica", url]),
        // A call of which four tries fell on gateways that were just killed is discarded by the platform.
        ...["--discarded", "10", "--metrics", await metricsOf(served), "--settle", "300", "--json"],
      ]);
      const over = { is: false };
      const ended = simulation.ended.finally(() => (over.is = true));
      let kills = 0;
      for (; !over.is; kills += 1) {
        await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, PAUSE_MS))]);
        const turn = kills % 2;
        replicas[turn]?.process.kill("SIGKILL");
        const next = await world.replica(served);
        replicas[turn] = next;
        at[turn]?.moveTo(next.base);
      }
      const end = await ended;
      const told = JSON.parse(end.stdout);
      expect(told).toMatchObject({ examples: [], violations: {}, leakedSandboxes: 0, kept: true });
      expect(told.ends.graded + told.ends.abandoned + told.ends.discarded).toBe(Number(TRACES));
      expect(kills).toBeGreaterThan(2);
      expect(told.line.silences + told.line.serverErrors).toBeGreaterThan(0);
      expect(end.code).toBe(0);
      // What the trainer was told is what is on record.
      await served.stop();
      const records = await served.lines("results.jsonl");
      const rewards = records.filter(({ reward }) => reward !== null);
      expect(rewards.length).toBeGreaterThanOrEqual(told.ends.graded);
    },
    LIMIT_MS,
  );
});

import path from "node:path";
import type { Command } from "commander";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { objectOrEmpty } from "../../../src/lib/half-valid.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { numberText } from "../../../src/trajectory/number-text.ts";
import { printable } from "../../../src/trajectory/plain-text.ts";
import type { CliIo } from "../cli-io.ts";
import { addGatewayOptions, WHICH_JOB } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { withCluster } from "../cluster/connect-cluster.ts";
import type { Cluster } from "../cluster/connect-cluster.ts";
import { downloadResults, endedIn } from "../cluster/download-results.ts";
import { followLines } from "../cluster/follow-lines.ts";
import { resultsPath, resultsSource } from "../cluster/results-source.ts";
import type { ResultsSource } from "../cluster/results-source.ts";
import { StreamTeller } from "../cluster/stream-end.ts";
import { RESULT_HEADER, resultRow } from "../result-rows.ts";

interface ResultsFlags extends ClusterFlags {
  readonly env?: string;
  readonly follow: boolean;
  readonly groups: boolean;
  readonly trajectories: boolean;
  readonly out?: string;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard results repo-search
  rollyard results repo-search -f --groups --json
  rollyard results repo-search --out results && rollyard report results/repo-search
  rollyard results --env repo-search --out traces && rollyard report traces/repo-search

Rollouts come in the order in which they ended; with --groups each item's, once its last member has ended. With --out they are
written as a run folder that list, show and report read; the same command again adds what is missing.
With --env they are a hosted trainer's, as long as their records are kept (spec.serve.ttlSecondsAfterFinished), also once the
Environment is served no more; --out numbers their items by the rows that came, equal rows being one item; without it the
numbers stand for the trace alone.

${WHICH_JOB}`;

const WIDTHS = [10, 8, 8, 16, 6, 6, 8, 0];
const GROUP_HEADER = ["item", "ended", "graded", "mean", "stddev", "best"];

/** Adds `rollyard results`: the results of a job of a cluster. Exit code 0, 1 when the gateway does not answer, or 2. */
export function registerResults(program: Command, io: CliIo): void {
  const command = program
    .command("results")
    .description(
      "print the results of a job or a served environment of a cluster, or write them into a folder",
    )
    .argument("[job]", "name of a RolloutJob")
    .option("--env <name>", "of the hosted trainer's rollouts of this Environment, instead of a job's")
    .option("-f, --follow", "go on until the job ends", false)
    .option("--groups", "by item, once all of its rollouts have ended", false)
    .option("--trajectories", "with messages, tokens and calls (needs --json)", false)
    .option("--out <dir>", "write DIR/<name>/results.jsonl, trajectories.jsonl and attempts.jsonl instead")
    .option("--json", "print JSON lines", false);
  addGatewayOptions(command)
    .addHelpText("after", EXAMPLE)
    .action((given: string | undefined, flags: ResultsFlags) => {
      const source = resultsSource(given, flags.env);
      requireSense(flags);
      return withCluster(flags, io, (cluster) => results(cluster, { source, flags }, io));
    });
}

function requireSense({ env, follow, groups, trajectories, json, out }: ResultsFlags): void {
  const problems: readonly (readonly [boolean, string])[] = [
    [trajectories && !json && out === undefined, "--trajectories needs --json, or --out DIR."],
    [groups && out !== undefined, "--out writes rollouts, not groups: leave out --groups."],
    [
      env !== undefined && follow,
      "A hosted trainer's rollouts have no end to follow to: leave out --follow, and ask again for what came since.",
    ],
    [
      env !== undefined && groups,
      "A hosted trainer's rollouts come without groups: leave out --groups, and see rollyard report on what --out writes.",
    ],
  ];
  const message = problems.find(([isOne]) => isOne)?.[1];
  if (message !== undefined) throw new RollyardError("bad_input", { message });
}

async function results(
  cluster: Cluster,
  { source, flags }: { readonly source: ResultsSource; readonly flags: ResultsFlags },
  io: CliIo,
): Promise<void> {
  const { out, follow } = flags;
  if (out === undefined) return printResults(cluster, { source, flags }, io);
  await downloadResults(cluster, { source, out: path.resolve(io.cwd, out), follow }, io);
}

async function printResults(
  { gateway, namespace }: Cluster,
  { source, flags }: { readonly source: ResultsSource; readonly flags: ResultsFlags },
  io: CliIo,
): Promise<void> {
  const teller = new StreamTeller(io);
  const print = printer(flags, io);
  const trajectories = String(flags.trajectories);
  const ofJob = { follow: String(flags.follow), by: flags.groups ? "group" : "rollout", attempts: "false" };
  const query = { trajectories, ...(source.kind === "job" ? ofJob : {}) };
  const address = resultsPath(namespace, source);
  const onLost = (message: string): void => teller.lost(message);
  for await (const line of followLines(gateway, { path: address, query, onLost })) {
    if (!teller.take(line)) print(line);
  }
}

function printer(flags: ResultsFlags, io: CliIo): (line: JsonObject) => void {
  let isFirst = true;
  return (line) => {
    if (flags.json) {
      const { type: _type, cursor: _cursor, ...rest } = line;
      const plain = flags.groups || flags.trajectories ? rest : objectOrEmpty(rest["result"]);
      return io.stdout(`${jsonText(plain)}\n`);
    }
    if (isFirst) io.stdout(rowText(flags.groups ? GROUP_HEADER : RESULT_HEADER));
    isFirst = false;
    io.stdout(rowText(flags.groups ? groupRow(line) : resultRow(endedIn(line).result)));
  };
}

function groupRow(line: JsonObject): string[] {
  const { item_index: item, n, graded, mean, stddev, best } = objectOrEmpty(line["group"]);
  const number = (value: unknown): string => numberText(typeof value === "number" ? value : null);
  const ended = `${number(n)}${line["complete"] === true ? "" : "+"}`;
  return [number(item), ended, ...[graded, mean, stddev, best].map(number)];
}

function rowText(cells: readonly string[]): string {
  const padded = cells.map((cell, column) => printable(cell).padEnd(WIDTHS[column] ?? 0));
  return `${padded.join(" ").trimEnd()}\n`;
}

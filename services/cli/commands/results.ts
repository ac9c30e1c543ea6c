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
import { clusterJobName } from "../cluster/job-name.ts";
import { StreamTeller } from "../cluster/stream-end.ts";
import { RESULT_HEADER, resultRow } from "../result-rows.ts";

interface ResultsFlags extends ClusterFlags {
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

Rollouts come in the order in which they ended; with --groups each item's, once its last member has ended. With --out they are
written as a run folder that list, show and report read; the same command again adds what is missing.

${WHICH_JOB}`;

const WIDTHS = [10, 8, 8, 16, 6, 6, 8, 0];
const GROUP_HEADER = ["item", "ended", "graded", "mean", "stddev", "best"];

/** Adds `rollyard results`: the results of a job of a cluster. Exit code 0, 1 when the gateway does not answer, or 2. */
export function registerResults(program: Command, io: CliIo): void {
  const command = program
    .command("results")
    .description("print the results of a job of a cluster, or write them into a folder")
    .argument("<job>", "name of a RolloutJob")
    .option("-f, --follow", "go on until the job ends", false)
    .option("--groups", "by item, once all of its rollouts have ended", false)
    .option("--trajectories", "with messages, tokens and calls (needs --json)", false)
    .option("--out <dir>", "write DIR/<job>/results.jsonl, trajectories.jsonl and attempts.jsonl instead")
    .option("--json", "print JSON lines", false);
  addGatewayOptions(command)
    .addHelpText("after", EXAMPLE)
    .action((given: string, flags: ResultsFlags) => {
      if (flags.trajectories && !flags.json && flags.out === undefined) {
        throw new RollyardError("bad_input", { message: "--trajectories needs --json, or --out DIR." });
      }
      if (flags.groups && flags.out !== undefined) {
        throw new RollyardError("bad_input", {
          message: "--out writes rollouts, not groups: leave out --groups.",
        });
      }
      return withCluster(flags, io, (cluster) =>
        results(cluster, { name: clusterJobName(given), flags }, io),
      );
    });
}

async function results(
  cluster: Cluster,
  { name, flags }: { readonly name: string; readonly flags: ResultsFlags },
  io: CliIo,
): Promise<void> {
  const { out, follow } = flags;
  if (out === undefined) return printResults(cluster, { name, flags }, io);
  await downloadResults(cluster, { name, out: path.resolve(io.cwd, out), follow }, io);
}

async function printResults(
  { gateway, namespace }: Cluster,
  { name, flags }: { readonly name: string; readonly flags: ResultsFlags },
  io: CliIo,
): Promise<void> {
  const teller = new StreamTeller(io);
  const print = printer(flags, io);
  const query = {
    follow: String(flags.follow),
    by: flags.groups ? "group" : "rollout",
    trajectories: String(flags.trajectories),
    attempts: "false",
  };
  const address = `namespaces/${namespace}/jobs/${name}/results`;
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

import type { Command } from "commander";
import type { JsonObject } from "../../../src/lib/json.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import type { CliIo } from "../cli-io.ts";
import { addGatewayOptions, WHICH_JOB } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { withCluster } from "../cluster/connect-cluster.ts";
import { eventText } from "../cluster/event-text.ts";
import { followLines } from "../cluster/follow-lines.ts";
import { clusterJobName } from "../cluster/job-name.ts";
import { StreamTeller } from "../cluster/stream-end.ts";

interface LogsFlags extends ClusterFlags {
  readonly follow: boolean;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard logs repo-search -f
  rollyard logs repo-search 3-1

What happened, event by event: of one rollout with what was said, of all rollouts without.

${WHICH_JOB}`;

/** Adds `rollyard logs`: the event logs of a job of a cluster. Exit code 0, 1 when the gateway does not answer, or 2. */
export function registerLogs(program: Command, io: CliIo): void {
  const command = program
    .command("logs")
    .description("print what happened in the rollouts of a job of a cluster")
    .argument("<job>", "name of a RolloutJob")
    .argument("[rollout]", "one rollout: its id, or <item>-<sample>")
    .option("-f, --follow", "go on until the job ends", false)
    .option("--json", "print JSON lines", false);
  addGatewayOptions(command)
    .addHelpText("after", EXAMPLE)
    .action((given: string, rollout: string | undefined, flags: LogsFlags) =>
      withCluster(flags, io, async ({ gateway, namespace }) => {
        const teller = new StreamTeller(io);
        const one: Record<string, string> = rollout === undefined ? {} : { rollout, texts: "true" };
        const lines = followLines(gateway, {
          path: `namespaces/${namespace}/jobs/${clusterJobName(given)}/log`,
          query: { follow: String(flags.follow), ...one },
          onLost: (message) => teller.lost(message),
        });
        for await (const line of lines) if (!teller.take(line)) io.stdout(`${shown(line, flags.json)}\n`);
      }),
    );
}

function shown(line: JsonObject, isJson: boolean): string {
  if (!isJson) return eventText(line);
  const { type: _type, cursor: _cursor, ...event } = line;
  return jsonText(event);
}

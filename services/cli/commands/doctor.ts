import path from "node:path";
import type { Command } from "commander";
import { diagnose, needsHand } from "../../../src/job/diagnose.ts";
import type { Finding } from "../../../src/job/finding.ts";
import type { DeliveryFacts } from "../../../src/job/live-facts.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { alignedTable, printable } from "../../../src/trajectory/plain-text.ts";
import type { CliIo } from "../cli-io.ts";
import { gatherFacts } from "../doctor/gather-facts.ts";
import type { GatheredFacts } from "../doctor/gather-facts.ts";
import { wholeNumber } from "../whole-number.ts";

interface DoctorFlags {
  readonly deliveries?: number;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard doctor runs/latest
  rollyard doctor runs/latest --json
  rollyard doctor runs/latest --deliveries 3

DIR is a run folder, and means its job alone; or the folder around a job and its retries: then it tells of the one that is
under way, else of one that has not ended, else of the newest, and counts the rollouts of all together.

Explains how a run stands and what to do: lines with ! need a hand, and → says what. A run that is under way is asked
itself; of graders that have joined it, it does not know which messages they were given more than once.

Exit codes: 0 nothing to do; 1 something needs a hand (with --deliveries: there are such messages); 2 bad input.
`;

/** Above what a few outages cost: a message that was delivered more often than this has something wrong with it. */
const MOST_DELIVERIES = 3;

/** Adds `rollyard doctor`: explains a run that is stuck, failing or has stopped. */
export function registerDoctor(program: Command, io: CliIo): void {
  program
    .command("doctor")
    .description("explain how a run stands, what is wrong with it and what to do")
    .argument("<dir>", "a run folder, or the folder around a job and its retries")
    .option(
      "--deliveries <n>",
      "only list the messages that were delivered more than n times and are still there",
      wholeNumber(1),
    )
    .option("--json", "print findings and facts as one JSON object", false)
    .addHelpText("after", EXAMPLE)
    .action(async (dir: string, flags: DoctorFlags) => {
      const mostDeliveries = flags.deliveries ?? MOST_DELIVERIES;
      const gathered = await gatherFacts(path.resolve(io.cwd, dir), { ...io, mostDeliveries });
      const tell = flags.deliveries === undefined ? tellFindings : tellDeliveries;
      io.setExitCode(tell(gathered, flags, io));
    });
}

function tellFindings({ member, facts }: GatheredFacts, flags: DoctorFlags, io: CliIo): number {
  const findings = diagnose(facts);
  const isHealthy = !needsHand(findings);
  if (flags.json) {
    const { job, state, recorded, recentFailures } = facts;
    const told = {
      job,
      folder: member.folder,
      healthy: isHealthy,
      findings,
      state,
      recorded,
      recentFailures,
    };
    io.stdout(`${jsonText(told, 2)}\n`);
  } else io.stdout(`${findings.flatMap(linesOf).join("\n")}\n`);
  return isHealthy ? 0 : 1;
}

function linesOf({ isProblem, text, action }: Finding): readonly string[] {
  const line = (sentence: string): string => printable(sentence.replaceAll(/\s+/gu, " "));
  return [`${isProblem ? "!" : "·"} ${line(text)}`, ...(action === null ? [] : [`  → ${line(action)}`])];
}

function tellDeliveries({ facts }: GatheredFacts, flags: DoctorFlags, io: CliIo): number {
  const { state, job, mostDeliveries } = facts;
  const all = state.kind === "running" ? state.live.deliveries : [];
  const over = all.filter(({ deliveries }) => deliveries > mostDeliveries);
  if (flags.json) io.stdout(`${jsonText(over, 2)}\n`);
  else if (over.length > 0) io.stdout(`${alignedTable(HEADER, over.map(rowOf))}\n`);
  else if (state.kind !== "running") io.stdout(`${job} is not running: no message is under way.\n`);
  else io.stdout(`No message of ${job} that is under way was delivered more than ${mostDeliveries} times.\n`);
  return over.length > 0 ? 1 : 0;
}

const HEADER = ["work", "rollout", "attempt", "deliveries"];

function rowOf({ kind, rollout, attempt, deliveries }: DeliveryFacts): string[] {
  return [kind, rollout, String(attempt), String(deliveries)];
}

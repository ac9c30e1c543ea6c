import { parseArgs } from "node:util";
import { makeSchedule } from "./make-schedule.ts";
import type { Schedule } from "./schedule.ts";
import { shrink } from "./shrink.ts";
import { traceSchedule } from "./trace.ts";
import type { NewWorld } from "./trace.ts";
import { makeTraceSchedule } from "./traces/make-trace-schedule.ts";
import { TraceWorld } from "./traces/trace-world.ts";
import { World } from "./world.ts";

const HELP = `npm run simulate -- [--seconds N] [--seed S] [--traces]

Runs the real planner, broker, workers and graders through schedules of faults, each made from one seed.
  --seconds N   run for N seconds, from the seed on; the last line is "<n> schedules, 0 failures"
  --seed S      the first seed (default 1); without --seconds this one alone, with what the bus did
  --traces      rollouts of a hosted trainer over two gateways, in place of jobs
Exit code 1 when the promise is broken: the seed is printed, and a schedule with as few faults as still break it.

Example: npm run simulate -- --seconds 60 --seed 1000000
`;

const { values } = parseArgs({
  options: {
    seconds: { type: "string" },
    seed: { type: "string" },
    traces: { type: "boolean", default: false },
    help: { type: "boolean", short: "h" },
  },
});
const { make, newWorld } = played(values.traces);
process.exitCode = await main();

async function main(): Promise<number> {
  const seed = wholeNumber(values.seed ?? "1");
  const seconds = values.seconds === undefined ? null : Number(values.seconds);
  if (values.help === true) return say(HELP, 0);
  if (seed === null || (seconds !== null && !(seconds > 0)))
    return say(`--seed and --seconds take numbers.\n\n${HELP}`, 2);
  if (seconds !== null) return runOn(seed, seconds);
  if (values.seed === undefined) return say(HELP, 2);
  return replay(make(seed));
}

/** What is simulated, jobs or traces. */
function played(isTraces: boolean): {
  readonly make: (seed: number) => Schedule;
  readonly newWorld: NewWorld;
} {
  return isTraces
    ? {
        make: (seed) => makeTraceSchedule(seed),
        newWorld: (schedule, watcher = {}) => new TraceWorld(schedule, { watcher }),
      }
    : {
        make: (seed) => makeSchedule(seed),
        newWorld: (schedule, watcher = {}) => new World(schedule, { watcher }),
      };
}

async function runOn(first: number, seconds: number): Promise<number> {
  const untilMs = performance.now() + seconds * 1000;
  let count = 0;
  while (performance.now() < untilMs) {
    const schedule = make(first + count);
    count += 1;
    const { problems } = await newWorld(schedule).run();
    if (problems.length === 0) continue;
    say(`seed ${schedule.seed} breaks the promise: ${problems.join("; ")}\n`, 1);
    await replay(await shrink(schedule, failsLike(problems)));
    const again = `npm run simulate -- --seed ${schedule.seed}${values.traces ? " --traces" : ""}`;
    return say(`${count} schedules, 1 failure; again with: ${again}\n`, 1);
  }
  return say(`${count} schedules, 0 failures\n`, 0);
}

/** The same sentence, whatever the numbers in it are. */
function failsLike(problems: readonly string[]): (schedule: Schedule) => Promise<boolean> {
  const wanted = kindOf(problems);
  return async (schedule) => kindOf((await newWorld(schedule).run()).problems) === wanted;
}

function kindOf([first]: readonly string[]): string {
  return (first ?? "").replaceAll(/\d+/gu, "#");
}

async function replay(schedule: Schedule): Promise<number> {
  const { problems, lines, end, hash } = await traceSchedule(schedule, newWorld);
  const faults = schedule.faults.map((fault) => `  ${JSON.stringify(fault)}\n`).join("");
  say(
    `job ${JSON.stringify(schedule.shape)}\nfaults\n${faults || "  none\n"}trace (ms of simulated time)\n`,
    0,
  );
  say(`${lines.join("\n")}\ntrace hash ${hash}\n`, 0);
  const ended = end === null ? "" : `job ended ${end.condition} ${end.reason}\n`;
  return say(
    problems.length === 0 ? `${ended}the promise holds\n` : `${problems.join("\n")}\n`,
    Number(problems.length > 0),
  );
}

function wholeNumber(text: string): number | null {
  return /^\d{1,9}$/u.test(text) ? Number(text) : null;
}

function say(text: string, code: number): number {
  process.stdout.write(text);
  return code;
}

import { describeNumbers } from "../lib/describe-numbers.ts";
import type { NumberSummary } from "../lib/describe-numbers.ts";
import type { TrajectoryRecord } from "./trajectory-record.ts";

/** One tool's calls. The name is the model's: it may be of no tool that there is. */
export interface ToolStatistics {
  readonly name: string;
  readonly calls: number;
  /** Ran, and ended badly. */
  readonly failed: number;
  /** Unknown tool or bad arguments: nothing ran. */
  readonly rejected: number;
  /** Ended by its time limit. */
  readonly timed_out: number;
  /** Of the calls that ran. */
  readonly seconds: NumberSummary;
  /** Calls of this tool in a rollout, over the rollouts that have a trajectory. */
  readonly per_rollout: NumberSummary;
}

interface Tally {
  failed: number;
  rejected: number;
  timedOut: number;
  readonly seconds: number[];
  /** Only of rollouts that called it. */
  readonly perRollout: number[];
}

/** Names past this many are one row: a model that invents names must not fill the memory. */
const MOST_NAMES = 200;
const OTHERS = "(other names)";

/** Counts calls one trajectory at a time. */
export class ToolTally {
  readonly #tallies = new Map<string, Tally>();
  readonly #callsPerTurn: number[] = [];
  #rollouts = 0;

  add({ calls }: Pick<TrajectoryRecord, "calls">): void {
    this.#rollouts += 1;
    const byName = Map.groupBy(calls, ({ name }) => this.#rowOf(name));
    for (const [name, own] of byName) this.#addCalls(name, own);
    for (const [, own] of Map.groupBy(calls, ({ turn }) => turn)) this.#callsPerTurn.push(own.length);
  }

  /** By name. */
  tools(): readonly ToolStatistics[] {
    return [...this.#tallies]
      .map(([name, tally]) => this.#statisticsOf(name, tally))
      .toSorted((a, b) => b.calls - a.calls || (a.name < b.name ? -1 : 1));
  }

  /** Tool calls of one turn, over the turns that have any. */
  callsPerTurn(): NumberSummary {
    return describeNumbers(this.#callsPerTurn);
  }

  #rowOf(name: string): string {
    return this.#tallies.has(name) || this.#tallies.size < MOST_NAMES ? name : OTHERS;
  }

  #addCalls(name: string, calls: TrajectoryRecord["calls"]): void {
    const tally = this.#tallies.get(name) ?? {
      failed: 0,
      rejected: 0,
      timedOut: 0,
      seconds: [],
      perRollout: [],
    };
    this.#tallies.set(name, tally);
    tally.perRollout.push(calls.length);
    for (const { result, seconds, timed_out } of calls) {
      if (result === "failed") tally.failed += 1;
      if (result === "rejected") tally.rejected += 1;
      if (timed_out) tally.timedOut += 1;
      if (seconds !== null && result !== "rejected") tally.seconds.push(seconds);
    }
  }

  #statisticsOf(name: string, { failed, rejected, timedOut, seconds, perRollout }: Tally): ToolStatistics {
    const without = Array.from({ length: this.#rollouts - perRollout.length }, () => 0);
    return {
      name,
      calls: perRollout.reduce((sum, count) => sum + count, 0),
      failed,
      rejected,
      timed_out: timedOut,
      seconds: describeNumbers(seconds),
      per_rollout: describeNumbers([...perRollout, ...without]),
    };
  }
}

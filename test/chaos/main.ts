import { readOptions, USAGE } from "./options.ts";
import type { ChaosOptions, ScenarioName } from "./options.ts";
import { runCluster } from "./cluster/run-cluster.ts";
import { runFullDisk } from "./full-disk.ts";
import { runLong } from "./long.ts";
import { runPowerCut } from "./power-cut.ts";
import { newProgress } from "./progress.ts";
import type { Progress } from "./progress.ts";
import { stormResult } from "./report-storm.ts";
import type { ScenarioResult } from "./scenario-result.ts";
import { runStorm } from "./storm.ts";
import { runWaste } from "./waste.ts";

// `npm run chaos`: breaks a real run in every way that it can and checks what it left.

const SCENARIOS: Readonly<
  Record<ScenarioName, (options: ChaosOptions, progress: Progress) => Promise<ScenarioResult>>
> = {
  storm: async (options, progress) => stormResult(await runStorm(options, progress)),
  waste: runWaste,
  long: runLong,
  "power-cut": runPowerCut,
  "full-disk": runFullDisk,
  cluster: runCluster,
};

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const options = readOptions(args);
  if (typeof options === "string") {
    process.stderr.write(`chaos: ${options}\n\n${USAGE}`);
    return 2;
  }
  const { text, json, code } = await SCENARIOS[options.scenario](options, newProgress(options.isJson));
  process.stdout.write(options.isJson ? `${JSON.stringify(json)}\n` : text);
  return code;
}

try {
  // Whatever of the run still holds a timer has nothing to do any more.
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`chaos: ${error instanceof Error ? (error.stack ?? error.message) : "failed"}\n`);
  process.exit(1);
}

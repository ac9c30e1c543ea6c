import { readOptions, USAGE } from "./options.ts";
import { newProgress } from "./progress.ts";
import { figuresOf, stormTable } from "./report-storm.ts";
import { runStorm } from "./storm.ts";

// `npm run chaos`: breaks a real run in every way that it can and checks what it left.

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
  const result = await runStorm(options, newProgress(options.isJson));
  process.stdout.write(options.isJson ? `${JSON.stringify(figuresOf(result))}\n` : stormTable(result));
  return result.findings.length === 0 ? 0 : 1;
}

try {
  // Whatever of the run still holds a timer has nothing to do any more.
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`chaos: ${error instanceof Error ? (error.stack ?? error.message) : "failed"}\n`);
  process.exit(1);
}

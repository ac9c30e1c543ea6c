import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { JobLedger } from "../../../src/job/job-ledger.ts";
import { rebuildLedger } from "../../../src/job/rebuild-ledger.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { PAST_JOB, pastShape } from "../long/past-job.ts";

// A planner that has just started: reads all outcomes of a job, prints what that took as JSON, and ends.

const [port = "0", outcomes = "0"] = process.argv.slice(2);
const bus = await connectJetStream({
  servers: [`127.0.0.1:${port}`],
  user: "controller",
  password: process.env["NATS_PASSWORD"] ?? "",
  name: "chaos-planner",
  logger: silentLogger,
});
const ledger = new JobLedger(pastShape(Number(outcomes)));
const before = process.cpuUsage();
const startedMs = performance.now();
await rebuildLedger(bus, PAST_JOB, ledger);
const seconds = (performance.now() - startedMs) / 1000;
const { user, system } = process.cpuUsage(before);
const figures = { seconds, cpuSeconds: (user + system) / 1e6, graded: ledger.counts.graded };
process.stdout.write(`${JSON.stringify(figures)}\n`);
await bus.close();

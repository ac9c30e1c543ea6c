import { parseArgs } from "node:util";
import { startMockModel } from "./mock-model.ts";
import { toolTurns } from "./mock-scripts.ts";

/**
 * The mock model as a process of its own, so that a benchmark's figures hold no CPU of it:
 * `node mock-model-main.ts --latency-ms 100 --turns 4 --tool search --arguments '{"pattern":"x"}'`.
 * Its first line on stdout is the base URL; on SIGTERM it prints what it used and ends.
 */
const { values } = parseArgs({
  options: {
    "latency-ms": { type: "string", default: "100" },
    port: { type: "string", default: "0" },
    turns: { type: "string", default: "4" },
    tool: { type: "string", default: "search" },
    arguments: { type: "string", default: "{}" },
    answer: { type: "string", default: "done" },
  },
});
const model = await startMockModel({
  latencyMs: Number(values["latency-ms"]),
  port: Number(values.port),
  isRecording: false,
  script: toolTurns({
    turns: Number(values.turns),
    calls: [{ name: values.tool, arguments: values.arguments }],
    answer: values.answer,
  }),
});
process.stdout.write(`${model.baseURL}\n`);
process.once("SIGTERM", () => {
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  process.stdout.write(`${JSON.stringify({ requests: model.requestCount, cpuSeconds })}\n`);
  void model.close();
});

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { startNatsServer } from "../../../src/bus/nats-server-process.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { testNatsServer } from "../bus/nats-fixture.ts";
import { startMockModel } from "../model/mock-model.ts";
import { toolTurns } from "../model/mock-scripts.ts";
import { smallJob } from "./small-job.ts";

// Records what test/upgrade.test.ts reads: a job with tool calls, an item in a blob, rewards and failures.
const [, , target = ""] = process.argv;
const call = (command: string) => ({ name: "shell", arguments: JSON.stringify({ command }) });
const turns = toolTurns({ turns: 2, calls: [call("cat a.txt"), call("exit 3")], answer: "done" });
const body = '{"error":{"message":"no such model"}}';
const model = await startMockModel({
  script: (request) =>
    request.text.includes("canary-item-1") ? { kind: "status", status: 404, body } : turns(request),
});
const job = await smallJob({
  baseURL: model.baseURL,
  items: 2,
  samples: 2,
  parallelism: 2,
  job: "  policyVersion: step-7",
});
const long = `answer: "done", long: "${"x".repeat(66_000)}"}`;
await job.edit((text) => text.replace('answer: "done"}', long));
await job.run(["--sandbox", "process"]);

const server = await startNatsServer({
  binary: await testNatsServer(),
  folder: join(job.runFolder, ".rollyard", "store"),
  logger: silentLogger,
});
const bus = await connectJetStream({
  servers: [server.address],
  ...server.login("controller"),
  name: "record-streams",
  logger: silentLogger,
});
const messages: object[] = [];
for (const stream of ["specs", "blobs", "events", "outcomes"] as const) {
  for (const subject of (await bus.subjects(stream, ">")).keys()) {
    for (const { payload, ...rest } of await bus.read(stream, subject)) {
      messages.push({ stream, ...rest, payload: Buffer.from(payload).toString("base64") });
    }
  }
}
const records = async (name: string): Promise<readonly unknown[]> => {
  const text = await readFile(join(job.runFolder, name), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
};
const results = await records("results.jsonl");
const trajectories = await records("trajectories.jsonl");
await writeFile(target, gzipSync(JSON.stringify({ messages, results, trajectories })));
await bus.close();
await server.stop();
await model.close();
await job.remove();

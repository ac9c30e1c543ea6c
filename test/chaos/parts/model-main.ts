import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { readFileSync } from "node:fs";
import { SeededRandom } from "../../../src/lib/seeded-random.ts";
import { ModelLog } from "../world/model-log.ts";
import { answerGrade } from "../world/model/grade-endpoint.ts";
import { answerTool, ToolMemory } from "../world/model/tool-endpoint.ts";
import { ChatEndpoint } from "../world/model/chat-endpoint.ts";
import type { ModelConfig, Mood } from "../world/model/model-config.ts";
import { CALM } from "../world/model/model-config.ts";

// The outside world of a chaos run as one process: a policy behind an OpenAI-compatible endpoint, a grader's endpoint, and
// a remote tool. It ends with its parent, and may be killed at any moment.

const config = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as ModelConfig;
const log = new ModelLog(config.logFile);
const random = new SeededRandom((config.behaviour.seed + process.pid) >>> 0);
const chat = new ChatEndpoint(config, log, random);
const tools = new ToolMemory(config.toolFile);
let mood: Mood = CALM;

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const receivedAtMs = Date.now();
  const body = await bodyOf(request);
  switch (request.url) {
    case "/v1/chat/completions":
      return chat.answer({ body, receivedAtMs, mood }, response);
    case "/grade":
      return answerGrade({ body, config, mood, random }, response);
    case "/tool":
      return answerTool({ body, key: String(request.headers["idempotency-key"]), memory: tools }, response);
    case "/mood":
      mood = JSON.parse(body) as Mood;
      response.end("{}");
      return;
    default:
      response.writeHead(404).end();
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

const server = createServer((request, response) => {
  // A client that was killed in the middle of its request is none of ours.
  handle(request, response).catch(() => response.destroy());
});
server.keepAliveTimeout = 60_000;
server.listen({ port: config.port, host: "127.0.0.1", backlog: 4096 });
process.once("SIGTERM", () => process.exit(0));

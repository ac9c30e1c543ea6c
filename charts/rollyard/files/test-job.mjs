// `helm test`: runs a job of two items with a scripted model of its own, and looks at what came of it. The agent writes a file
// in its sandbox, reads it back, and answers with what it read. Plain JavaScript that needs nothing but Node.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const ENVIRONMENT = "environments";
const JOB = "rolloutjobs";
const COMPLETE_MS = 300_000;
const POLL_MS = 1000;

const { API_SERVER, TOKEN_FILE, NAMESPACE, NAME, SANDBOX_IMAGE, MODEL_HOST, MODEL_PORT = "8000" } = process.env;
const token = (await readFile(TOKEN_FILE ?? "", "utf8")).trim();

const model = createServer(answer);
await new Promise((resolve) => model.listen(Number(MODEL_PORT), MODEL_HOST, resolve));
const modelUrl = `http://${MODEL_HOST?.includes(":") ? `[${MODEL_HOST}]` : MODEL_HOST}:${model.address().port}/v1`;

let exitCode = 1;
try {
  await remove();
  await call("POST", ENVIRONMENT, "", environment());
  await call("POST", JOB, "", job());
  const { rollouts, reward, conditions } = await untilOver();
  say(`rollouts ${JSON.stringify(rollouts)}, mean reward ${reward?.mean}`);
  if (rollouts?.graded === 2 && reward?.mean === 1) exitCode = 0;
  else say(`conditions ${JSON.stringify(conditions)}`);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
} finally {
  await remove().catch((error) => say(`not tidied up: ${error.message}`));
  model.closeAllConnections();
  model.close();
}
say(exitCode === 0 ? "Both rollouts ran in a sandbox and were graded." : "The job did not end as it should.");
process.exitCode = exitCode;

function environment() {
  return {
    ...object("Environment"),
    spec: {
      sandbox: {
        image: SANDBOX_IMAGE,
        resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { memory: "128Mi" } },
        // sandboxd's image holds nothing else, and no folder that an agent could write to.
        workdir: "/tmp/work",
      },
      prompt: [{ role: "user", content: "{{ item.word }}" }],
      tools: [{ preset: "files" }],
      grader: {
        type: "string_check",
        name: "same",
        operation: "eq",
        input: "{{ sample.output_text }}",
        reference: "{{ item.word }}",
      },
    },
  };
}

function job() {
  return {
    ...object("RolloutJob"),
    spec: {
      environmentRef: { name: NAME },
      dataset: { inline: [{ word: "heron" }, { word: "otter" }] },
      model: { baseURL: modelUrl, name: "scripted" },
      deadlineSeconds: COMPLETE_MS / 1000,
    },
  };
}

function object(kind) {
  return { apiVersion: "rollyard.dev/v1alpha1", kind, metadata: { name: NAME, namespace: NAMESPACE } };
}

/** The job's status once it is Complete or Failed. */
async function untilOver() {
  const deadline = performance.now() + COMPLETE_MS;
  let last = "";
  while (performance.now() < deadline) {
    const { status = {} } = (await call("GET", JOB, NAME)) ?? {};
    const { conditions = [], rollouts } = status;
    if (conditions.some(({ type, status: is }) => (type === "Complete" || type === "Failed") && is === "True")) return status;
    const now = JSON.stringify(rollouts);
    if (now !== last) say(`waiting: ${(last = now) ?? "the controller has not seen the job yet"}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`The job did not end within ${COMPLETE_MS / 1000} s.`);
}

/** Deletes both objects, and waits until they are gone with all that the controller tidies up. */
async function remove() {
  for (const plural of [JOB, ENVIRONMENT]) {
    await call("DELETE", plural, NAME);
    const deadline = performance.now() + COMPLETE_MS;
    while ((await call("GET", plural, NAME)) !== null) {
      if (performance.now() > deadline) throw new Error(`${plural}/${NAME} does not go away.`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

function say(text) {
  process.stdout.write(`${text}\n`);
}

/** One call of the API server; null for what is not there. */
async function call(method, plural, name, body) {
  const url = `${API_SERVER}/apis/rollyard.dev/v1alpha1/namespaces/${NAMESPACE}/${plural}/${name}`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const request = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await fetch(url.replace(/\/$/, ""), request);
  const text = await response.text();
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`${method} ${plural} was answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** Plays the model: writes the word into a file, reads it, and says what it read. */
function answer(request, response) {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { messages = [] } = JSON.parse(Buffer.concat(chunks).toString() || "{}");
    const word = messages.find(({ role }) => role === "user")?.content ?? "";
    const results = messages.filter(({ role }) => role === "tool");
    const message = turn(word, results);
    response.writeHead(200, { "content-type": "application/json" }).end(
      JSON.stringify({
        id: "completion",
        object: "chat.completion",
        created: 0,
        model: "scripted",
        choices: [{ index: 0, message, finish_reason: message.tool_calls === undefined ? "stop" : "tool_calls" }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      }),
    );
  });
}

function turn(word, results) {
  if (results.length === 0) return toolCall("write_file", { path: "word.txt", content: word });
  if (results.length === 1) return toolCall("read_file", { path: "word.txt" });
  const read = String(results[1].content);
  return { role: "assistant", content: read.includes(word) ? word : read };
}

function toolCall(name, args) {
  const call = { id: `call_${name}`, type: "function", function: { name, arguments: JSON.stringify(args) } };
  return { role: "assistant", content: null, tool_calls: [call] };
}

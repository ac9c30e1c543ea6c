// `npm start`: sets the clone up and runs examples/repo-search. Plain JavaScript for Node 20.
import { readdirSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";
import { runAttached } from "./lib/run-attached.mjs";
import { startPolicy } from "./lib/scripted-policy.mjs";
import { exitWith } from "./lib/setup-error.mjs";
import { setUpClone } from "./lib/setup.mjs";

const EXAMPLE = join("examples", "repo-search");
// By itself a run takes the image where a Docker engine runs, and nobody has built the example's here.
const OWN_SANDBOX = process.platform === "linux" ? ["--sandbox", "bubblewrap"] : [];

await exitWith(async () => {
  const setup = await setUpClone();
  const args = process.argv.slice(2);
  const policy = args.includes("--model-url") ? null : await startPolicy(setup, EXAMPLE);
  const model = policy ? ["--model-url", policy.url, "--model", "scripted-policy"] : [];
  const files = ["-f", join(EXAMPLE, "environment.yaml"), "-f", join(EXAMPLE, "job.yaml")];
  const { root } = setup.places;
  const sandbox = args.some((arg) => arg.startsWith("--sandbox")) ? [] : OWN_SANDBOX;
  const command = [join(root, "services", "cli", "main.ts"), "run", ...files, ...model, ...sandbox, ...args];
  const code = await runAttached(setup.node, command, {
    cwd: root,
    env: { ...setup.env, ROLLYARD_COMMAND: "npx rollyard" },
    tells: true,
  });
  await policy?.stop();
  if (code === 0 && !args.includes("--dry-run"))
    sayWhatCame(root, { isScripted: policy !== null, hasOwnFolder: args.includes("--out") });
  return code;
});

/**
 * @param {string} root
 * @param {{ isScripted: boolean, hasOwnFolder: boolean }} how
 */
function sayWhatCame(root, { isScripted, hasOwnFolder }) {
  if (!hasOwnFolder) {
    const folder = relative(root, realpathSync(join(root, "runs", "latest")));
    const jobs = readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    for (const { name } of jobs) process.stdout.write(`Results: ${join(folder, name, "results.jsonl")}\n`);
  }
  if (!isScripted) return;
  process.stdout.write(
    "The model was a scripted stand-in that comes with the example, not a language model. For a real one:\n" +
      "  npm start -- --model-url http://HOST/v1 --model NAME\n",
  );
}

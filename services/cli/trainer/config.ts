import type { Command } from "commander";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import type { CliIo } from "../cli-io.ts";
import {
  addEnvironmentOptions,
  addressDoubt,
  keyPlace,
  methodOf,
  namedEnvironment,
} from "./named-environment.ts";
import type { EnvironmentFlags } from "./named-environment.ts";

const EXAMPLE = `
Examples:
  rollyard trainer config repo-search -n research --url https://rollouts.example.com --key file:key.txt
  rollyard trainer config -f environment.yaml --url https://tunnel.example.com

Prints what the environment gives to method.reinforcement of a fine-tuning job: tools, grader, max_episode_steps and
response_format. Microsoft Foundry and OpenAI take the same blocks; Foundry's portal takes tools and grader in its boxes.
Without --key the headers hold Bearer KEY, to be replaced. With --key the output holds the key: keep it out of logs.

Exit codes: 0 printed; 2 bad input.
`;

/** Adds `rollyard trainer config`. */
export function addConfig(trainer: Command, io: CliIo): void {
  const command = trainer
    .command("config")
    .description("print the tools and grader blocks of an Environment for a fine-tuning job")
    .argument("[environment]", "name of an Environment of a cluster");
  addEnvironmentOptions(command)
    .addHelpText("after", EXAMPLE)
    .action(async (name: string | undefined, flags: EnvironmentFlags) => {
      const environment = await namedEnvironment(name, flags, io);
      const { method, hasKey } = await methodOf(environment, flags, io);
      const doubt = addressDoubt(flags.url ?? "");
      if (doubt !== null) io.stderr(`note: ${doubt}\n`);
      if (!hasKey) io.stderr(`note: ${keyPlace(environment)}\n`);
      io.stdout(`${jsonText(method, 2)}\n`);
    });
}

import type { Command } from "commander";
import type { CliIo } from "../cli-io.ts";
import { addCancel } from "../trainer/cancel.ts";
import { addConfig } from "../trainer/config.ts";
import { addCreate } from "../trainer/create.ts";
import { addSimulate } from "../trainer/simulate.ts";
import { addWatch } from "../trainer/watch.ts";

const EXAMPLE = `
Examples:
  rollyard trainer config repo-search --url https://rollouts.example.com --key file:key.txt
  rollyard trainer simulate --target served.json --traces 2000 --seed 1

Each of them has --help with examples.
`;

/** Adds `rollyard trainer`: what concerns hosted trainers, which sample the policy themselves and call tools and graders. */
export function registerTrainer(program: Command, io: CliIo): void {
  const trainer = program
    .command("trainer")
    .description("fine-tuning jobs of hosted trainers, and one to play against your endpoints")
    .addHelpText("after", EXAMPLE);
  addConfig(trainer, io);
  addCreate(trainer, io);
  addWatch(trainer, io);
  addCancel(trainer, io);
  addSimulate(trainer, io);
}

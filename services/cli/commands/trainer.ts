import type { Command } from "commander";
import type { CliIo } from "../cli-io.ts";
import { addSimulate } from "../trainer/simulate.ts";

const EXAMPLE = `
Examples:
  rollyard trainer simulate --target served.json --traces 2000 --seed 1

Each of them has --help with examples.
`;

/** Adds `rollyard trainer`: what concerns hosted trainers, which sample the policy themselves and call tools and graders. */
export function registerTrainer(program: Command, io: CliIo): void {
  const trainer = program
    .command("trainer")
    .description("hosted trainers: play one against your endpoints")
    .addHelpText("after", EXAMPLE);
  addSimulate(trainer, io);
}

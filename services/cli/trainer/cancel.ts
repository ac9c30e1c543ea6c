import type { Command } from "commander";
import type { CliIo } from "../cli-io.ts";
import { addPlatformOptions, platformOf, WHICH_PLATFORM } from "./platform-flags.ts";
import type { PlatformFlags } from "./platform-flags.ts";

const EXAMPLE = `
Examples:
  rollyard trainer cancel ftjob-123

Checkpoints that the platform has made stay. Rollouts under way are not told: their sandboxes are freed after spec.serve.idleSeconds.

${WHICH_PLATFORM}
Exit codes: 0 cancelled; 1 the platform does not answer; 2 bad input.
`;

/** Adds `rollyard trainer cancel`. */
export function addCancel(trainer: Command, io: CliIo): void {
  const command = trainer
    .command("cancel")
    .description("cancel a fine-tuning job")
    .argument("<job>", "id of the job");
  addPlatformOptions(command)
    .addHelpText("after", EXAMPLE)
    .action(async (id: string, flags: PlatformFlags) => {
      const platform = await platformOf(flags, io);
      const job = await platform.cancel(id);
      io.stdout(`${job.id} is ${job.status}.\n`);
    });
}

import { Option } from "commander";
import type { Command } from "commander";
import type { CliIo } from "../cli-io.ts";
import { collected } from "../collected.ts";
import { LAUNCHER_CHOICES } from "../run/run-flags.ts";
import { serveEnvironment } from "../serve/serve-environment.ts";
import type { ServeFlags } from "../serve/serve-environment.ts";
import { loadEnvironment } from "../try/load-environment.ts";
import { portNumber } from "../whole-number.ts";

const EXAMPLE = `
Examples:
  rollyard serve -f environment.yaml
  rollyard serve -f environment.yaml --port 8080 --secret trainer/key=file:key.txt --json > served.json
  rollyard report runs/latest

It listens on 127.0.0.1 alone. A hosted trainer reaches it through a tunnel or a proxy of yours that ends TLS.
The key that callers must send is that of spec.serve.authSecret, here {name: trainer, key: key}; without it one is made and printed.
Ctrl-C, SIGINT or SIGTERM stops it in good order. The same command with --out of an earlier one goes on with its records.
Exit codes: 0 stopped; 1 it could not go on; 2 bad input.
`;

/** Adds `rollyard serve`: an Environment's tools and grader for a hosted trainer, on this machine. */
export function registerServe(program: Command, io: CliIo): void {
  program
    .command("serve")
    .description("serve an Environment's tools and grader to a hosted trainer from this machine")
    .requiredOption("-f, --file <file>", "YAML or JSON file with the Environment; may be repeated", collected)
    .option("--port <n>", "port of 127.0.0.1; 0 takes a free one", portNumber, 0)
    .option("--out <dir>", "folder for the records; default runs/<UTC time>, with runs/latest pointing to it")
    .option("--secret <NAME/KEY=env:VAR|file:PATH>", "a secret's value; may be repeated", collected, [])
    .addOption(
      new Option("--sandbox <launcher>", "how sandboxes are isolated")
        .choices(LAUNCHER_CHOICES)
        .default("auto"),
    )
    .option("--json", "print headers, tool and grader addresses as one line of JSON", false)
    .option("-v, --verbose", "write more into the logs", false)
    .addHelpText("after", EXAMPLE)
    .action(async (flags: ServeFlags) => {
      const { cwd, env } = io;
      const input = await loadEnvironment(flags.file, { cwd, env, secretFlags: flags.secret });
      io.setExitCode(await serveEnvironment(input, flags, io));
    });
}

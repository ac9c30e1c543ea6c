import { createInterface } from "node:readline/promises";
import type { Readable } from "node:stream";
import { Option } from "commander";
import type { Command } from "commander";
import type { SandboxSession } from "../../../src/sandbox/port.ts";
import { SANDBOX_CHOICES } from "../../../src/sandbox/select-launcher.ts";
import type { SandboxChoice } from "../../../src/sandbox/select-launcher.ts";
import type { CliIo } from "../cli-io.ts";
import { collected } from "../collected.ts";
import { withFreshSandbox } from "../try/fresh-sandbox.ts";
import { loadEnvironment } from "../try/load-environment.ts";
import { LineShell } from "../try/line-shell.ts";
import { wholeNumber } from "../whole-number.ts";

interface SandboxFlags {
  readonly file: readonly string[];
  readonly sandbox: SandboxChoice;
  readonly timeout: number;
}

const EXAMPLE = `
Examples:
  rollyard sandbox -f environment.yaml -- ls -la
  rollyard sandbox -f environment.yaml          a prompt; each line is run by /bin/sh, "exit" ends it
`;

const OUTPUT_BYTES = 16 * 2 ** 20;

/** Adds `rollyard sandbox`: a command, or a prompt for commands, in a fresh sandbox. Exits with the command's code. */
export function registerSandbox(program: Command, io: CliIo, input: Readable = process.stdin): void {
  program
    .command("sandbox")
    .description("run a command, or a prompt for commands, in a fresh sandbox of an environment")
    .argument("[command...]", "what to run; after --")
    .requiredOption("-f, --file <file>", "YAML or JSON file with the Environment; may be repeated", collected)
    .addOption(new Option("--sandbox <kind>", "what isolates it").choices(SANDBOX_CHOICES).default("auto"))
    .option("--timeout <seconds>", "most seconds of one command", wholeNumber(1), 3600)
    .addHelpText("after", EXAMPLE)
    .action(async (argv: readonly string[], flags: SandboxFlags) => {
      const { environment, localFolder } = await loadEnvironment(flags.file, { ...io, secretsFor: "none" });
      const options = { spec: environment.spec.sandbox, localFolder, choice: flags.sandbox };
      const timeoutMs = flags.timeout * 1000;
      await withFreshSandbox(options, io, async (session) => {
        if (argv.length === 0) await prompt(await LineShell.start(session, timeoutMs), { io, input });
        else io.setExitCode(await runOnce(session, { argv, timeoutMs }, io));
      });
    });
}

async function runOnce(
  session: SandboxSession,
  command: { readonly argv: readonly string[]; readonly timeoutMs: number },
  io: CliIo,
): Promise<number> {
  const result = await session.exec({ callId: "try", ...command, maxOutputBytes: OUTPUT_BYTES });
  io.stdout(result.stdout);
  io.stderr(result.stderr);
  if (result.truncatedBytes > 0) io.stderr(`[truncated ${result.truncatedBytes} bytes]\n`);
  if (result.timedOut) io.stderr(`[timed out after ${command.timeoutMs / 1000} s]\n`);
  return result.exitCode;
}

async function prompt(
  shell: LineShell,
  { io, input }: { readonly io: CliIo; readonly input: Readable },
): Promise<void> {
  const lines = createInterface({ input });
  io.stderr(shell.prompt);
  for await (const line of lines) {
    if (line.trim() === "exit") break;
    const result = await shell.run(line);
    io.stdout(result.stdout);
    io.stderr(result.stderr);
    io.setExitCode(result.exitCode);
    io.stderr(shell.prompt);
  }
  lines.close();
}

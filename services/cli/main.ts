import { CommanderError } from "commander";
import { RollyardError } from "../../src/errors/rollyard-error.ts";
import { askTerminal } from "./ask-terminal.ts";
import type { CliIo } from "./cli-io.ts";
import { createProgram } from "./create-program.ts";
import { exitCodeOf } from "./exit-code.ts";
import { readVersion } from "./read-version.ts";
import { onRelayedSignal } from "./relayed-signals.ts";

const io: CliIo = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  ask: (question) => askTerminal(process, question),
  env: process.env,
  command: process.env["ROLLYARD_COMMAND"] ?? "rollyard",
  cwd: process.cwd(),
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

// A reader that goes early (`rollyard list … | head`, `rollyard run … 2>&1 | head`) is no error of ours: what a command does
// is worth more than who hears of it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// A command without a handler of its own ends by the signal, as if it had come here.
onRelayedSignal((signal) => {
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
});

try {
  await createProgram(io, await readVersion()).parseAsync(process.argv);
} catch (error) {
  // Commander has printed its own message.
  if (error instanceof CommanderError) io.setExitCode(error.exitCode === 0 ? 0 : 2);
  else {
    const text = error instanceof RollyardError ? error.message : String((error as Error)?.stack ?? error);
    io.stderr(`rollyard: ${text}\n`);
    io.setExitCode(exitCodeOf(error));
  }
}

import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "./create-program.ts";
import { wholeNumber } from "./whole-number.ts";

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
  return text;
}

describe("createProgram", () => {
  const io = {
    stdout: () => {},
    stderr: () => {},
    ask: async () => null,
    env: {},
    command: "rollyard",
    cwd: "/",
    setExitCode: () => {},
  };
  const program = createProgram(io, "0");

  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  it.each([program, ...commands].map((command) => [command.name(), command] as const))(
    "has an example in the help of %s",
    (_, command) => {
      expect(helpOf(command)).toMatch(/^Examples?:\n {2}rollyard /mu);
    },
  );
});

describe("wholeNumber", () => {
  it("reads numbers from the least on, and refuses everything else", () => {
    expect(wholeNumber(1)("12")).toBe(12);
    for (const text of ["abc", "", "0", "-1", "1.5", "Infinity", "1e99"]) {
      expect(() => wholeNumber(1)(text)).toThrow(InvalidArgumentError);
    }
  });
});

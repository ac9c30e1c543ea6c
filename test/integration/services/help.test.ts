import { expect, it } from "vitest";
import { nodeCommand, startProgram } from "../../support/run/run-cli.ts";

it.each(["controller", "worker", "grader", "gateway"])("the %s says how it is started here", async (name) => {
  const script = `services/${name}/main.ts`;
  const { code, stdout } = await startProgram(nodeCommand(script, ["--help"])).ended;
  expect([code, stdout]).toEqual([0, expect.stringContaining(`Usage: node ${script} --config FILE\n`)]);
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../../../examples/repo-search/policy/main.ts", import.meta.url));

describe("the scripted policy as a program", () => {
  it("prints its URL as one JSON line, serves, and ends when its standard input ends", async () => {
    const child = spawn(process.execPath, [MAIN, "--port", "0"], { stdio: ["pipe", "pipe", "inherit"] });
    const exited = once(child, "exit");
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const { url } = JSON.parse(line) as { url: string };
    const models = await fetch(`${url}/models`);

    child.stdin.end();

    expect(models.status).toBe(200);
    expect(await exited).toEqual([0, null]);
  });

  it("refuses a port that is none with exit code 2", async () => {
    const child = spawn(process.execPath, [MAIN, "--port", "http"], { stdio: ["pipe", "ignore", "ignore"] });

    expect(await once(child, "exit")).toEqual([2, null]);
  });
});

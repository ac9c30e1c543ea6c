import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";

const module = new URL("../../../scripts/lib/run-attached.mjs", import.meta.url).href;

/** A process that runs another by `runAttached`, as the launcher runs the command line; the inner one prints when it is up. */
async function startPair(
  innerScript: string,
): Promise<{ end: Promise<number | null>; kill: (signal: NodeJS.Signals) => void }> {
  const inner = JSON.stringify(["-e", innerScript]);
  const outer = `import { runAttached } from ${JSON.stringify(module)};
    process.exitCode = await runAttached(process.execPath, ${inner});`;
  // No stream may be a terminal: with one, the launcher takes it that the command has got the signal too.
  const child = spawn(process.execPath, ["--input-type=module", "-e", outer], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const end = once(child, "exit").then(([code]) => code as number | null);
  await once(createInterface({ input: child.stdout }), "line");
  return { end, kill: (signal) => child.kill(signal) };
}

describe("runAttached", () => {
  it("passes the exit code on", async () => {
    const pair = await startPair("console.log('up'); process.exitCode = 3");
    expect(await pair.end).toBe(3);
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "passes %s on and waits for what the command makes of it",
    async (signal) => {
      const script = `process.on("${signal}", () => setTimeout(() => process.exit(42), 50)); setInterval(() => {}, 1000); console.log("up")`;
      const pair = await startPair(script);
      pair.kill(signal);
      expect(await pair.end).toBe(42);
    },
  );

  it("ends with 128 + the signal's number when a signal ended the command", async () => {
    const pair = await startPair("setInterval(() => {}, 1000); console.log('up')");
    pair.kill("SIGTERM");
    expect(await pair.end).toBe(143);
  });
});

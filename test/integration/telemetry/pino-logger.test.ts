import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createPinoLogger } from "../../../src/telemetry/pino-logger.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollyard-log-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function linesOf(file: string): Promise<readonly Record<string, unknown>[]> {
  const text = await readFile(file, "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("the log file", () => {
  it("holds one JSON line for each message, at once, with its fields and its parents'", async () => {
    const file = join(folder, "logs", "worker.log");
    const logger = createPinoLogger({ file });
    logger.child({ service: "worker" }).warn("model endpoint throttles", { limit: 4 });
    const [line] = await linesOf(file);
    expect(line).toMatchObject({
      level: "warn",
      service: "worker",
      limit: 4,
      msg: "model endpoint throttles",
    });
    expect(line?.["time"]).toMatch(/^\d{4}-\d\d-\d\dT/);
    logger.close();
  });

  it("leaves out what is below its level", async () => {
    const file = join(folder, "a.log");
    const logger = createPinoLogger({ file, level: "warn" });
    logger.info("quiet");
    logger.error("loud");
    expect((await linesOf(file)).map((line) => line["msg"])).toEqual(["loud"]);
    logger.close();
  });

  it("cuts a long text", async () => {
    const file = join(folder, "a.log");
    const logger = createPinoLogger({ file });
    logger.info("a", { text: "x".repeat(10_000) });
    const [line] = await linesOf(file);
    expect(String(line?.["text"])).toHaveLength(501);
    logger.close();
  });

  it("appends to what an earlier run wrote", async () => {
    const file = join(folder, "a.log");
    for (const message of ["first", "second"]) {
      const logger = createPinoLogger({ file });
      logger.info(message);
      logger.close();
    }
    expect(await linesOf(file)).toHaveLength(2);
  });

  it("says so when its file can't be opened", () => {
    const file = join("/dev/null", "logs", "a.log");
    expect(() => createPinoLogger({ file })).toThrow(`The log ${file} can't be written.`);
  });

  it("outlives a full disk", () => {
    const logger = createPinoLogger({ file: "/dev/full" });
    expect(() => logger.info("lost")).not.toThrow();
    logger.close();
  });
});

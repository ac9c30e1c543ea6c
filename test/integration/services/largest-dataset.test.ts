import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { nodeCommand, startProgram } from "../../support/run/run-cli.ts";

const CHART = fileURLToPath(
  new URL("../../../charts/rollyard/templates/services/controller.yaml", import.meta.url),
);
const ROWS = (64 * 1024 * 1024) / 64;
/** Less than half of what the chart allows: several jobs run at a time. */
const HEAP_MIB = 256;

describe("a controller under the chart's bounds", () => {
  it("takes a dataset of 64 MiB in a million short rows, the most that it takes by default", async () => {
    const [, bound = "0"] = /--max-old-space-size=(\d+)/u.exec(readFileSync(CHART, "utf8")) ?? [];
    expect(Number(bound)).toBeGreaterThanOrEqual(2 * HEAP_MIB);
    const options = `--max-old-space-size=${HEAP_MIB} --max-semi-space-size=4`;
    const command = nodeCommand("test/support/controller/largest-dataset-main.ts", []);
    const { code, stdout, stderr } = await startProgram(command, { NODE_OPTIONS: options }).ended;
    expect(stderr).toBe("");
    expect({ code, stdout }).toEqual({ code: 0, stdout: String(ROWS) });
  });
});

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAgentSandboxBuilt } from "../../../scripts/lib/agent-sandbox.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import type { PeersRun } from "../../load/peers/peer-figures.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { nodeCommand, startProgram } from "../../support/run/run-cli.ts";

const UNITS = 6;
/** Only ends what hangs: each run starts a control plane of its own, on a machine that may be busy. */
const TIMEOUT_MS = 400_000;

describe.skipIf(testCluster().isMissing)("npm run bench:peers", () => {
  let folder = "";

  const runBench = async (...only: readonly string[]): Promise<PeersRun> => {
    const args = [
      "--units",
      String(UNITS),
      "--late-ms",
      "500",
      "--sources",
      "--json",
      "--only",
      only.join(","),
    ];
    const bench = startProgram(nodeCommand("test/load/peers-bench.ts", args), { TMPDIR: folder });
    const { code, stdout, stderr } = await bench.ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr.split("\n").filter((line) => line.startsWith("•"))).toEqual(
      only.map((name) => `• ${name} …`),
    );
    return JSON.parse(stdout) as PeersRun;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "peers-"));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it(
    "measures pods, a Job and Rollyard on one control plane, and leaves nothing behind",
    { timeout: TIMEOUT_MS },
    async () => {
      const { figures, commands } = await runBench("bare", "job", "rollyard", "rollyard-warm");
      expect(figures.map(({ name }) => name)).toEqual(["bare", "job", "rollyard", "rollyard-warm"]);
      for (const { name, times, podsTooMany, fillSeconds, untilReady, wholeLife } of figures) {
        expect({ name, units: times.units, podsTooMany }).toEqual({ name, units: UNITS, podsTooMany: 0 });
        expect(times.max).toBeGreaterThan(0);
        expect(fillSeconds === null).toBe(name !== "rollyard-warm");
        // A pod that is made, bound and told to run: nobody can do with less.
        expect(untilReady.writes).toBeGreaterThanOrEqual(3);
        expect(untilReady.etcdPuts).toBeGreaterThanOrEqual(3);
        expect(wholeLife.writesByKind["DELETE pods"]).toBeGreaterThanOrEqual(1);
        expect(wholeLife.etcdDeletes).toBeGreaterThanOrEqual(1);
        expect(wholeLife.cpuMs["kube-apiserver"]).toBeGreaterThan(0);
        expect("controller" in wholeLife.cpuMs).toBe(name.startsWith("rollyard"));
      }
      const writesOf = (wanted: string): number =>
        figures.find(({ name }) => name === wanted)?.wholeLife.writes ?? Number.NaN;
      expect(writesOf("rollyard")).toBeLessThan(writesOf("job"));
      expect(commands.join("\n")).toContain("--unsafe-no-fsync");
      expect(commands.join("\n")).not.toContain(folder);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it(
    "measures agent-sandbox where its controller has been built",
    { timeout: TIMEOUT_MS },
    async ({ skip }) => {
      // Minutes of compiling, for nothing that Rollyard does.
      if (!isAgentSandboxBuilt(findPlaces())) skip("npm run bench:peers builds agent-sandbox's controller");
      const { figures, commands } = await runBench("agent-sandbox-warm");
      expect(figures.map(({ times, podsTooMany }) => ({ units: times.units, podsTooMany }))).toEqual([
        { units: UNITS, podsTooMany: 0 },
      ]);
      expect(figures[0]?.untilReady.writesByKind["POST sandboxclaims"]).toBe(1);
      expect(commands.at(-1)).toMatch(/^agent-sandbox-warm: agent-sandbox-controller .*\(v\d/u);
      expect(await readdir(folder)).toEqual([]);
    },
  );
});

import { describe, expect, it } from "vitest";
import { commandText } from "../../load/peers/command-text.ts";
import { CONTENDER_NAMES } from "../../load/peers/contender-names.ts";
import type { ContenderName } from "../../load/peers/contender-names.ts";
import { parseEtcdCounts } from "../../load/peers/etcd-counts.ts";
import { manyAtOnce } from "../../load/peers/many-at-once.ts";
import type { PeerFigures } from "../../load/peers/peer-figures.ts";
import { peerTables } from "../../load/peers/peer-table.ts";
import { readPeersOptions } from "../../load/peers/peers-options.ts";
import { unitTimes } from "../../load/peers/unit-times.ts";
import { usageBetween } from "../../load/peers/usage-between.ts";
import type { Snapshot } from "../../load/peers/usage-between.ts";

describe("readPeersOptions", () => {
  it("runs everybody by default, and those who are named in the order of the runs", () => {
    expect(readPeersOptions([])).toEqual({
      units: 500,
      contenders: [...CONTENDER_NAMES],
      lateMs: 5000,
      isCompiled: true,
      isJson: false,
    });
    expect(readPeersOptions(["--units", "20", "--only", "rollyard,bare", "--json"])).toMatchObject({
      units: 20,
      contenders: ["bare", "rollyard"],
      isJson: true,
    });
  });

  it.each([
    [["--units", "0"], "--units"],
    [["--units", "many"], "--units"],
    [["--only", "bare,nobody"], "--only"],
    [["--unit", "3"], "--unit"],
  ])("says what is wrong with %j", (args, named) => {
    expect(readPeersOptions(args)).toEqual(expect.stringContaining(named));
  });
});

describe("parseEtcdCounts", () => {
  it("reads the counters themselves, not those whose names are longer", () => {
    const metrics = [
      "# TYPE etcd_mvcc_put_total counter",
      "etcd_debugging_mvcc_put_total 9",
      "etcd_mvcc_put_total 1.2e+03",
      "etcd_mvcc_put_total_size_in_bytes 7",
      "etcd_mvcc_delete_total 5",
    ].join("\n");
    expect(parseEtcdCounts(metrics)).toEqual({ puts: 1200, deletes: 5 });
  });

  it("throws when a counter is missing, instead of counting nothing", () => {
    expect(() => parseEtcdCounts("etcd_mvcc_put_total 1\n")).toThrow("etcd_mvcc_delete_total");
  });
});

describe("usageBetween", () => {
  const before: Snapshot = {
    api: new Map([
      ["POST pods", 10],
      ["PUT leases", 100],
    ]),
    etcd: { puts: 1000, deletes: 0 },
    cpuSeconds: { etcd: 1 },
  };
  const after: Snapshot = {
    api: new Map([
      ["POST pods", 14],
      ["PATCH pods/status", 6],
      ["GET pods", 50],
      ["PUT leases", 107],
      ["PATCH nodes/status", 3],
    ]),
    etcd: { puts: 1020, deletes: 2 },
    cpuSeconds: { etcd: 1.5, controller: 0.02 },
  };

  it("divides by the units, and takes leases and nodes' beats out of writes and puts", () => {
    const usage = usageBetween(before, after, 2);
    expect(usage).toMatchObject({ writes: 5, etcdPuts: 5, etcdDeletes: 1 });
    expect(usage.writesByKind).toEqual({ "POST pods": 2, "PATCH pods/status": 3 });
  });

  it("counts a process that came later from nothing", () => {
    expect(usageBetween(before, after, 2).cpuMs).toEqual({ etcd: 250, controller: 10 });
  });
});

describe("unitTimes", () => {
  it("gives the smallest value that so many do not exceed", () => {
    const waitedMs = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(unitTimes(waitedMs)).toEqual({ units: 200, p50: 100, p99: 198, max: 200 });
  });

  it("refuses to describe nothing", () => {
    expect(() => unitTimes([])).toThrow("no unit");
  });
});

describe("commandText", () => {
  it("shows flags without the folders and ports of a run", () => {
    const command = [
      "/cache/bin/etcd",
      "--data-dir",
      "/tmp/x-1/etcd",
      "--initial-cluster",
      "test=http://127.0.0.1:4321",
      "--secure-port",
      "999",
      "--config=/tmp/x-1/a.yaml",
    ];
    expect(commandText(command)).toBe(
      "etcd --data-dir etcd --initial-cluster test=http://127.0.0.1:PORT --secure-port PORT --config=a.yaml",
    );
  });
});

describe("manyAtOnce", () => {
  it("does each once, a few at a time, and keeps the order", async () => {
    let running = 0;
    let most = 0;
    const results = await manyAtOnce(100, async (index) => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      return index;
    });
    expect(results).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(most).toBe(32);
  });
});

describe("peerTables", () => {
  it("has a table for each kind of start, and a row only for what somebody has", () => {
    const text = peerTables([
      figuresOf("bare"),
      figuresOf("rollyard-warm", { fillSeconds: 2, hasBus: true }),
    ]);
    const [cold = "", warm = ""] = text.split("Claims against a full pool");
    expect(cold).toContain("|  | bare pods |");
    expect(cold).toContain("| ready units/s | 50 |");
    expect(cold).toContain("| request to ready p50 / p99, s | 0.500 / 1.5 |");
    expect(cold).toContain("| API writes a unit | 4.00 / 7.00 |");
    expect(cold).toContain("| CPU ms a unit: etcd | 1.0 / 2.0 |");
    expect(cold).toContain("| CPU ms a unit, all of them | 1.0 / 2.0 |");
    expect(cold).not.toContain("nats-server");
    expect(cold).not.toContain("filling the pool");
    expect(warm).toContain("|  | Rollyard |");
    expect(warm).toContain("| filling the pool, units/s | 50 |");
    expect(warm).toContain("| CPU ms a unit: nats-server | 0.5 / 0.8 |");
    expect(warm).toContain("| CPU ms a unit, all of them | 1.5 / 2.8 |");
  });

  it("shows a process that it has no title for", () => {
    const figures = figuresOf("bare");
    const untilReady = { ...figures.untilReady, cpuMs: { webhook: 3 } };
    const wholeLife = { ...figures.wholeLife, cpuMs: { webhook: 4 } };
    expect(peerTables([{ ...figures, untilReady, wholeLife }])).toContain(
      "| CPU ms a unit: webhook | 3.0 / 4.0 |",
    );
  });
});

function figuresOf(
  name: ContenderName,
  {
    fillSeconds = null,
    hasBus = false,
  }: { readonly fillSeconds?: number | null; readonly hasBus?: boolean } = {},
): PeerFigures {
  const usage = { writesByKind: {}, etcdDeletes: 0 };
  return {
    name,
    loadBefore: 0,
    fillSeconds,
    readySeconds: 2,
    times: { units: 100, p50: 500, p99: 1500, max: 1600 },
    settledSeconds: 3,
    podsTooMany: 0,
    goneSeconds: 1,
    untilReady: {
      ...usage,
      writes: 4,
      etcdPuts: 4,
      cpuMs: { etcd: 1, ...(hasBus ? { "nats-server": 0.5 } : {}) },
    },
    wholeLife: {
      ...usage,
      writes: 7,
      etcdPuts: 6,
      cpuMs: { etcd: 2, ...(hasBus ? { "nats-server": 0.8 } : {}) },
    },
  };
}

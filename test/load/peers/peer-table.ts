import { isWarm, TITLES } from "./contender-names.ts";
import type { PeerFigures } from "./peer-figures.ts";
import type { UsagePerUnit } from "./usage-between.ts";

/** A line of a table, and what each contender's cell says; null where there is nothing to say. */
interface Row {
  readonly title: string;
  readonly value: (figures: PeerFigures) => string | null;
}

/** Processes in the order of their rows. */
const PROCESS_TITLES: Readonly<Record<string, string>> = {
  "kube-apiserver": "API server",
  etcd: "etcd",
  kcm: "controller manager",
  scheduler: "scheduler",
  kwok: "kwok",
  controller: "its own controller",
  "nats-server": "nats-server",
  client: "client",
};

/** The figures as two Markdown tables: those who start each unit anew, and those who claim from a full pool. */
export function peerTables(all: readonly PeerFigures[]): string {
  const cold = all.filter(({ name }) => !isWarm(name));
  const warm = all.filter(({ name }) => isWarm(name));
  return [
    ...(cold.length === 0 ? [] : ["Each unit started anew:", "", ...table(cold)]),
    ...(cold.length === 0 || warm.length === 0 ? [] : [""]),
    ...(warm.length === 0 ? [] : ["Claims against a full pool, which fills up again:", "", ...table(warm)]),
    "",
    "Two numbers are until all units are ready and nothing is left to do, and until they are given back and gone as well.",
    "",
  ].join("\n");
}

function table(columns: readonly PeerFigures[]): readonly string[] {
  const rows = [...TIMES, ...usageRows(columns)];
  return [
    line(["", ...columns.map(({ name }) => TITLES[name])]),
    line(["---", ...columns.map(() => "---")]),
    ...rows.flatMap(({ title, value }) => {
      const cells = columns.map(value);
      return cells.every((cell) => cell === null) ? [] : [line([title, ...cells.map((cell) => cell ?? "–")])];
    }),
  ];
}

const TIMES: readonly Row[] = [
  { title: "units", value: ({ times }) => String(times.units) },
  {
    title: "filling the pool, units/s",
    value: ({ fillSeconds, times }) => (fillSeconds === null ? null : perSecond(times.units, fillSeconds)),
  },
  { title: "ready units/s", value: ({ times, readySeconds }) => perSecond(times.units, readySeconds) },
  {
    title: "request to ready p50 / p99, s",
    value: ({ times }) => `${seconds(times.p50)} / ${seconds(times.p99)}`,
  },
  { title: "until nothing was left to do, s", value: ({ settledSeconds }) => settledSeconds.toFixed(1) },
  { title: "pods too many", value: ({ podsTooMany }) => String(podsTooMany) },
  { title: "given back until gone, s", value: ({ goneSeconds }) => goneSeconds.toFixed(1) },
];

function usageRows(columns: readonly PeerFigures[]): readonly Row[] {
  const known = Object.keys(PROCESS_TITLES);
  const others = columns.flatMap(({ wholeLife }) => Object.keys(wholeLife.cpuMs));
  return [
    pairRow("API writes a unit", 2, ({ writes }) => writes),
    pairRow("etcd puts a unit", 2, ({ etcdPuts }) => etcdPuts),
    ...[...new Set([...known, ...others])].map((name) =>
      pairRow(`CPU ms a unit: ${PROCESS_TITLES[name] ?? name}`, 1, ({ cpuMs }) => cpuMs[name]),
    ),
    pairRow("CPU ms a unit, all of them", 1, ({ cpuMs }) => sum(cpuMs)),
  ];
}

/** Two numbers: until ready, and of the whole life. */
function pairRow(title: string, digits: number, read: (usage: UsagePerUnit) => number | undefined): Row {
  return {
    title,
    value: ({ untilReady, wholeLife }) => {
      const pair = [read(untilReady), read(wholeLife)].flatMap((value) => value ?? []);
      return pair.length === 0 ? null : pair.map((value) => value.toFixed(digits)).join(" / ");
    },
  };
}

function sum(values: Readonly<Record<string, number>>): number {
  return Object.values(values).reduce((total, value) => total + value, 0);
}

function perSecond(units: number, inSeconds: number): string {
  const rate = units / inSeconds;
  return rate.toFixed(rate < 10 ? 1 : 0);
}

/** From milliseconds. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 1000 ? 3 : 1);
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

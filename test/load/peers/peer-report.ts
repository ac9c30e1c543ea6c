import type { PeerFigures, PeersRun } from "./peer-figures.ts";
import { peerTables } from "./peer-table.ts";

/** A run as text: the machine, the programs with their versions and flags, the tables. */
export function peerReport({ machine, commands, figures }: PeersRun): string {
  const { cores, cpu, memoryBytes, system, node, loadBefore } = machine;
  const memory = `${(memoryBytes / 1024 ** 3).toFixed(1)} GiB`;
  return [
    `${cores} cores (${cpu}), ${memory}, ${system}, Node ${node}, load average before ${loadBefore.toFixed(2)}`,
    "",
    ...commands.map((command) => `- \`${command}\``),
    "",
    peerTables(figures),
  ].join("\n");
}

/** The least that is worth knowing of one contender while the others are still to come. */
export function summaryLine({
  times,
  readySeconds,
  settledSeconds,
  goneSeconds,
  wholeLife,
}: PeerFigures): string {
  const seconds = [readySeconds, settledSeconds, goneSeconds].map((value) => value.toFixed(1)).join(", ");
  return `${times.units} ready, settled, given back after ${seconds} s; ${wholeLife.writes.toFixed(2)} writes each`;
}

import type { ClusterFigures } from "../cluster-bench.ts";
import type { ControllerWork } from "./controller-calls.ts";
import type { CpuByProcess } from "./cpu-by-process.ts";
import type { BurstFigures, Quantiles, TimedWork } from "./measure.ts";

/** What was measured, as Markdown tables. */
export function benchTable({ machine, writes, path, bursts, warm, live }: ClusterFigures): string {
  const { cores, cpu, memoryBytes, system, node, loadBefore } = machine;
  const memory = `${Math.round(memoryBytes / 1024 ** 3)} GiB`;
  const lines = [
    `${cores} cores (${cpu}), ${memory}, ${system}, Node ${node}, load average before ${loadBefore}`,
    "",
    "| | |",
    "| --- | --- |",
  ];
  if (writes !== undefined) {
    lines.push(
      row(`writes a rollout, all writers (${writes.rollouts} rollouts)`, writes.perRollout.toFixed(2)),
      row("of them the controllers'", writes.ofControllers.toFixed(2)),
      row("by kind", kindsText(writes.each, 2)),
    );
  }
  if (path !== null) {
    const { claims, perSecond: rate, seconds, claim } = path;
    lines.push(
      row(`${claims} claims, ${rate}/s, no refill: p50 / p90 / p99`, quantileText(claim)),
      row(`all writes in these ${seconds.toFixed(1)} s`, kindsText(path.writes, 0)),
    );
  }
  for (const burst of bursts) lines.push(...burstRows(burst));
  for (const {
    pool,
    claims,
    perSecond: rate,
    refillPerSecond,
    warm: fromPool,
    claim,
    writes: meanwhile,
  } of warm) {
    const refill = refillPerSecond === null ? "" : ` refilled at ${refillPerSecond}/s`;
    lines.push(
      row(`${claims} claims, ${rate}/s, pool of ${pool}${refill}: p50 / p90 / p99`, quantileText(claim)),
      row("of them warm", String(fromPool)),
      row("all writes meanwhile, the pool's refill among them", kindsText(meanwhile, 0)),
    );
  }
  for (const { sandboxes, pool, seconds, rssMiB, peakRssMiB, work } of live) {
    lines.push(
      row(`pool of ${pool} until full`, `${seconds.toFixed(1)} s, ${perSecond(pool, seconds)}`),
      row(
        `controller RSS at ${sandboxes} live sandboxes, peak until then`,
        `${rssMiB.toFixed(0)} MiB, ${peakRssMiB.toFixed(0)} MiB`,
      ),
      row("controller CPU a pod, a call, a call or event until then", workText(work, pool)),
    );
  }
  return `${lines.join("\n")}\n`;
}

function burstRows({ claims, watchLagMs, bare, leased, claim, overCreated, work }: BurstFigures) {
  const lag = watchLagMs === 0 ? "" : `, watches ${watchLagMs} ms late`;
  const rowsOf = (title: string, { seconds, cpuMs }: TimedWork): readonly string[] => [
    row(title, `${seconds.toFixed(1)} s, ${perSecond(claims, seconds)}`),
    row("CPU ms a pod then", cpuText(cpuMs, claims)),
  ];
  return [
    row(`rate of the claims, that of bare pods = 1${lag}`, (bare.seconds / leased.seconds).toFixed(2)),
    ...rowsOf(`${claims} bare pods until all run`, bare),
    ...rowsOf(`${claims} claims at once until all leased${lag}`, leased),
    row(`claim p50 / p90 / p99${lag}`, quantileText(claim)),
    row(`sandboxes too many${lag}`, String(overCreated)),
    row(`controller CPU a pod, a call, a call or event${lag}`, workText(work, claims)),
  ];
}

function cpuText(cpuMs: CpuByProcess, pods: number): string {
  const all = Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0);
  const each = Object.entries(cpuMs).map(([name, ms]) => `${name} ${(ms / pods).toFixed(1)}`);
  return `${(all / pods).toFixed(1)}: ${each.join(", ")}`;
}

function kindsText(counts: Readonly<Record<string, number>>, digits: number): string {
  const each = Object.entries(counts).map(([what, count]) => `${what} ${count.toFixed(digits)}`);
  return each.length === 0 ? "none" : each.join(", ");
}

function row(title: string, text: string): string {
  return `| ${title} | ${text} |`;
}

function workText({ cpuMs, calls, events }: ControllerWork, pods: number): string {
  return `${[cpuMs / pods, cpuMs / calls, cpuMs / (calls + events)].map((ms) => ms.toFixed(2)).join(" / ")} ms`;
}

function perSecond(count: number, seconds: number): string {
  return `${(count / seconds).toFixed(0)}/s`;
}

function quantileText({ p50, p90, p99 }: Quantiles): string {
  return `${[p50, p90, p99].map((each) => each.toFixed(each < 100 ? 1 : 0)).join(" / ")} ms`;
}

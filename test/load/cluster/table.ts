import type { ClusterFigures } from "../cluster-bench.ts";
import type { ControllerWork } from "./controller-calls.ts";
import type { Quantiles } from "./measure.ts";

/** What was measured, as Markdown tables. */
export function benchTable({ machine, writes, bursts, warm, live }: ClusterFigures): string {
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
      row(
        "by kind",
        Object.entries(writes.each)
          .map(([what, count]) => `${what} ${count.toFixed(2)}`)
          .join(", "),
      ),
    );
  }
  for (const { claims, watchLagMs, bareSeconds, seconds, claim, overCreated, work } of bursts) {
    const lag = watchLagMs === 0 ? "" : `, watches ${watchLagMs} ms late`;
    if (bareSeconds !== null)
      lines.push(
        row("rate of the claims, that of bare pods = 1", (bareSeconds / seconds).toFixed(2)),
        row(
          `${claims} bare pods until all run`,
          `${bareSeconds.toFixed(1)} s, ${perSecond(claims, bareSeconds)}`,
        ),
      );
    lines.push(
      row(
        `${claims} claims at once until all leased${lag}`,
        `${seconds.toFixed(1)} s, ${perSecond(claims, seconds)}`,
      ),
      row(`claim p50 / p90 / p99${lag}`, quantileText(claim)),
      row(`sandboxes too many${lag}`, String(overCreated)),
      row(`controller CPU a pod, a call, a call or event${lag}`, workText(work, claims)),
    );
  }
  for (const { pool, claims, perSecond: rate, warm: fromPool, claim, writesOnPath } of warm) {
    lines.push(
      row(`${claims} claims, ${rate}/s, pool of ${pool}: p50 / p90 / p99`, quantileText(claim)),
      row("of them warm", String(fromPool)),
      row("writes meanwhile, without the pool's refill", String(writesOnPath)),
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

import { loadavg } from "node:os";
import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { sleep } from "../../chaos/world/service.ts";
import type { Closers } from "../bench/closers.ts";
import type { ContenderName } from "./contender-names.ts";
import type { Contender } from "./contender.ts";
import { Meter } from "./meter.ts";
import type { PeerFigures } from "./peer-figures.ts";
import { unitTimes } from "./unit-times.ts";
import { hasRun, UnitWatch } from "./unit-watch.ts";
import { untilPods } from "./until-pods.ts";
import { usageBetween } from "./usage-between.ts";

const PODS = { group: "", version: "v1", plural: "pods" };

/** One contender and its load. */
interface ContenderRun {
  readonly name: ContenderName;
  readonly contender: Contender;
  readonly units: number;
  /** Wait for events that come late: what is written then belongs to what was before it. */
  readonly lateMs: number;
}

/** Lets one contender get all units and give them back; leaves nothing of it behind. */
export async function measureContender(
  world: ClusterWorld,
  closers: Closers,
  { name, contender, units, lateMs }: ContenderRun,
): Promise<PeerFigures> {
  const [loadBefore = 0] = loadavg();
  const pods = new UnitWatch(world.whole.transport, PODS, hasRun);
  closers.add(async () => pods.stop());
  await pods.start();
  await contender.prepare();
  await untilPods(pods, contender.pool);
  const fillSeconds = contender.pool === 0 ? null : secondsSince(contender.poolAskedAtMs);
  await sleep(lateMs);

  const meter = new Meter(world);
  const { processes } = contender;
  const [before, seenBefore, startedMs] = [await meter.take(processes), pods.seen, performance.now()];
  const waitedMs = await contender.get(pods);
  const readySeconds = secondsSince(startedMs);
  await contender.untilSettled(pods);
  const settledSeconds = secondsSince(startedMs);
  const podsTooMany = pods.seen - seenBefore - units;
  await sleep(lateMs);
  const held = await meter.take(processes);

  const givenBackMs = performance.now();
  await contender.giveBack();
  await untilPods(pods, contender.pool);
  const goneSeconds = secondsSince(givenBackMs);
  await sleep(lateMs);
  const after = await meter.take(processes);
  await contender.cleanUp(pods);
  await untilPods(pods, 0);
  pods.stop();
  return {
    name,
    loadBefore,
    fillSeconds,
    readySeconds,
    times: unitTimes(waitedMs),
    settledSeconds,
    podsTooMany,
    goneSeconds,
    untilReady: usageBetween(before, held, units),
    wholeLife: usageBetween(before, after, units),
  };
}

function secondsSince(startedMs: number): number {
  return (performance.now() - startedMs) / 1000;
}

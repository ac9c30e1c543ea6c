import { join } from "node:path";
import { syncStore } from "../../src/bus/nats-server-store.ts";
import type { StreamName } from "../../src/bus/streams.ts";
import { checkRun } from "./checker/check-run.ts";
import { gatherEvidence } from "./checker/gather-evidence.ts";
import type { Finding } from "./checker/finding.ts";
import type { ChaosOptions } from "./options.ts";
import type { Progress } from "./progress.ts";
import { findingLines } from "./report-storm.ts";
import type { ScenarioResult } from "./scenario-result.ts";
import { inTrialFolder, withDisks } from "./with-disks.ts";
import { watchJob } from "./with-world.ts";
import type { ChaosWorld } from "./world/chaos-world.ts";
import { LoopImage, whyNoLoopImages } from "./world/loop-image.ts";
import type { SyncInterval } from "./world/nats-node.ts";
import { sleep } from "./world/service.ts";
import { StreamWitness } from "./world/stream-witness.ts";

/** Settings whose machines lose their power. */
interface Setting {
  readonly name: string;
  readonly servers: 1 | 3;
  readonly syncInterval: SyncInterval;
  /** As a local run does once its streams are made. */
  readonly syncsStore: boolean;
}

/** Those of production, to which the promise holds; then what others cost. */
const PRODUCTION: Setting = {
  name: "three servers, sync_interval always",
  servers: 3,
  syncInterval: "always",
  syncsStore: false,
};
const OTHERS: readonly Setting[] = [
  {
    name: "one server, sync_interval 1s, store synced at its start (a local run)",
    servers: 1,
    syncInterval: "1s",
    syncsStore: true,
  },
  { name: "one server, sync_interval 1s alone", servers: 1, syncInterval: "1s", syncsStore: false },
  {
    name: "one server, sync_interval 2m (nats-server's own default)",
    servers: 1,
    syncInterval: "2m",
    syncsStore: false,
  },
];

/** What a cut took. */
interface Loss {
  readonly setting: string;
  /** Messages that somebody had read before the cut, and those of them that are gone. */
  readonly outcomes: number;
  readonly outcomesLost: number;
  readonly events: number;
  readonly eventsLost: number;
  /** What the checker says of the whole job, where it went on after the cut. */
  readonly findings: readonly Finding[] | null;
}

const IMAGE_BYTES = 512 * 1024 * 1024;
/** Share of the job's rollouts that have an outcome when the power goes. */
const CUT_AT = 0.4;
/** How long the machines stay dark. */
const DARK_MS = 3000;
const POLL_MS = 50;

/** Cuts the power of every server at once, in the middle of a job, and counts what is gone after it. */
export async function runPowerCut(options: ChaosOptions, progress: Progress): Promise<ScenarioResult> {
  const reason = await inTrialFolder(whyNoLoopImages);
  if (reason !== null)
    return { text: `power-cut: skipped, for ${reason}\n`, json: { skipped: reason }, code: 0 };
  const losses: Loss[] = [];
  for (const setting of [PRODUCTION, ...OTHERS]) {
    progress.say(setting.name);
    losses.push(await cutPower({ ...options, servers: setting.servers, strikes: [] }, setting, progress));
  }
  const [production] = losses;
  const isGood =
    production?.outcomesLost === 0 && production.eventsLost === 0 && production.findings?.length === 0;
  return {
    json: {
      losses: losses.map(({ findings, ...loss }) => ({ ...loss, findings: findings?.length ?? null })),
    },
    text: [...losses.map(lossLines), ...findingLines(production?.findings ?? []), ""].join("\n"),
    code: isGood ? 0 : 1,
  };
}

async function cutPower(options: ChaosOptions, setting: Setting, progress: Progress): Promise<Loss> {
  const prepare = async (folder: string, disks: LoopImage[]) => {
    for (let server = 1; server <= setting.servers; server += 1) {
      const [image, path] = [join(folder, `disk-${server}.img`), join(folder, `disk-${server}`)];
      disks.push(await LoopImage.mount(image, path, IMAGE_BYTES));
    }
    return { stores: disks.map(({ path }) => path), syncInterval: setting.syncInterval };
  };
  return withDisks(options, { progress, prepare }, (world, disks) =>
    cutInTheMiddle(world, { setting, disks, progress }),
  );
}

async function cutInTheMiddle(
  world: ChaosWorld,
  cut: { readonly setting: Setting; readonly disks: readonly LoopImage[]; readonly progress: Progress },
): Promise<Loss> {
  const { setting, disks, progress } = cut;
  const outcomes = new StreamWitness(world.bus, "outcomes");
  const events = new StreamWitness(world.bus, "events");
  await world.startServices();
  outcomes.watch();
  events.watch();
  while (outcomes.seen === 0) await sleep(POLL_MS);
  if (setting.syncsStore) for (const disk of disks) await syncStore(disk.path);
  while (outcomes.seen < CUT_AT * world.rollouts) {
    progress.show(`${outcomes.seen} outcomes so far`);
    await sleep(POLL_MS);
  }
  for (const { service } of world.nats) service.hold();
  for (const { service } of world.nats) service.kill();
  await Promise.all(world.nats.map(({ service }) => service.gone()));
  await Promise.all(disks.map((disk) => disk.cut()));
  progress.say("the power is gone");
  await sleep(DARK_MS);
  for (const { service } of world.nats) service.release();
  await Promise.all(world.nats.map(({ service }) => service.up()));
  await world.bus.untilCurrent();
  const lost = { outcomesLost: await outcomes.missing(), eventsLost: await events.missing() };
  const seen = { setting: setting.name, outcomes: outcomes.seen, events: events.seen };
  // A job on a store that lost something is no run that any promise is about.
  if (setting !== PRODUCTION) {
    // Nothing is left to hand over to.
    await Promise.all(world.services.map((service) => service.stop("SIGKILL")));
    return { ...seen, ...lost, findings: null };
  }
  await watchJob(world, progress);
  return { ...seen, ...lost, findings: checkRun(await gatherEvidence(world)) };
}

function lossLines(loss: Loss): string {
  const line = (what: StreamName, seen: number, lost: number): string =>
    `  ${what.padEnd(12)}${seen} read before the cut, ${lost} lost (${((100 * lost) / Math.max(1, seen)).toFixed(1)} %)`;
  return [
    loss.setting,
    line("outcomes", loss.outcomes, loss.outcomesLost),
    line("events", loss.events, loss.eventsLost),
    ...(loss.findings === null
      ? []
      : [`  the job went on to its end; the checker found ${loss.findings.length}`]),
  ].join("\n");
}

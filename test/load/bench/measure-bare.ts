import type { BareApi } from "../parts/bare-main.ts";
import type { ModelApi } from "../parts/model-main.ts";
import type { Closers } from "./closers.ts";
import type { Figures } from "./figures.ts";
import type { Load } from "./load.ts";
import { Part } from "./part.ts";
import { Meter } from "./meter.ts";

/** Runs the load through the bare loop. */
export async function measureBare(load: Load, closers: Closers): Promise<Figures> {
  const model = new Part<ModelApi>("model-main.ts");
  closers.add(() => model.stop());
  const baseURL = await model.call("start", load);
  const bare = new Part<BareApi>("bare-main.ts");
  closers.add(() => bare.stop());
  // The first answer also waits for the process to come up, which is no part of the load.
  await bare.call("run", { load: { ...load, rollouts: 1 }, baseURL });
  const requestsBefore = await model.call("requests", undefined);
  const meter = new Meter({ loop: bare.pid, "mock model": model.pid });
  const seconds = await bare.call("run", { load, baseURL });
  const parts = meter.read();
  const requests = (await model.call("requests", undefined)) - requestsBefore;
  const wanted = load.rollouts * load.turns;
  const problems = requests === wanted ? [] : [`${requests} model calls instead of ${wanted}`];
  return { scenario: "bare", load, seconds, parts, streams: [], problems };
}

import type { Bus } from "../../../../src/bus/port.ts";
import { traceOwner } from "../../../../src/bus/subjects.ts";
import { settleLoop } from "../../../../src/job/settle-loop.ts";
import { silentLogger } from "../../../../src/lib/logger.ts";
import { serveReleases } from "../../../../src/sandbox/sandbox-releases.ts";
import { TraceKeeper } from "../../../../src/trace/trace-keeper.ts";
import { newBroker } from "../parts/run-controller.ts";
import type { SimProcess } from "../sim-process.ts";
import { IDENTITY } from "../world-specs.ts";
import { SERVED } from "./served-trace.ts";
import type { TraceWorld } from "./trace-world.ts";

/** A trace without a call for so long is closed. */
export const IDLE_MS = 300_000;

/** As `rollyard serve`: the real broker, settling and the keeping of traces, in one process that goes on for ever. */
export async function runTraceController(world: TraceWorld, process: SimProcess, bus: Bus): Promise<void> {
  const { clock } = process;
  const { signal } = new AbortController();
  const broker = newBroker(world, process, bus);
  const shared = { bus, clock, ids: world.ids, logger: silentLogger, signal };
  const keeper = new TraceKeeper(
    {
      ...shared,
      onOutcome: ({ place, attempt, end }) => {
        const isIdle = end.kind === "failed" && end.code === "trace_idle";
        if (isIdle && world.plant.keepsIdle === true) return;
        broker.release({ ...place, jobUid: traceOwner(SERVED.environmentUid), attempt });
      },
    },
    { ...SERVED, idleMs: IDLE_MS, ttlMs: Number.POSITIVE_INFINITY },
  );
  try {
    await broker.start();
    await serveReleases(bus, IDENTITY, (ref) => broker.release(ref, ["agent"]));
    void settleLoop({ ...shared, contentOf: () => ({ item: {}, policyVersion: "" }) }, signal);
    await keeper.start();
  } catch {
    // A bus that is gone for good as it starts ends it; whoever runs it starts it again.
    world.crash(process, 1000);
  }
}

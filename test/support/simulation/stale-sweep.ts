import { create } from "@bufbuild/protobuf";
import { AttemptRefSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { LeaseLedger } from "../../../src/sandbox/lease-ledger.ts";
import { processBus } from "./process-bus.ts";
import { SimProcess } from "./sim-process.ts";
import type { SimulatedSandboxd } from "./simulated-sandboxd.ts";
import type { World } from "./world.ts";

/** In the records of such sweeps. */
const NOBODYS = 999;

/**
 * What a leader does that fell asleep when a sandbox had just come up and was nobody's: it removes it as an orphan when it
 * wakes up. It may do so only if it can retire it on record first.
 */
export async function sweepAsStaleLeader(
  world: Pick<World, "clock" | "bus" | "farm" | "sweepsUnasked">,
  orphan: SimulatedSandboxd,
  behindMs: number,
): Promise<void> {
  const { clock, bus, farm } = world;
  const process = new SimProcess({ part: "controller", number: 0 }, clock);
  const client = bus.connect(process.name);
  const ledger = new LeaseLedger(processBus(process, client), process.clock);
  await clock.sleep(behindMs);
  const ref = create(AttemptRefSchema, { attempt: NOBODYS });
  const unleased = { sandboxUid: orphan.uid, sequence: 0, ref, purpose: "agent", generation: 0 } as const;
  if (world.sweepsUnasked || (await ledger.retire(unleased, 1)) === "won") farm.stop(orphan, process);
  await client.close();
}

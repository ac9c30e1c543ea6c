import { assertNever } from "../../../src/lib/assert-never.ts";
import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import type { ControllerProgram } from "../cluster/compiled-controller.ts";
import type { Closers } from "../bench/closers.ts";
import { AgentSandboxContender, HIGH_SCALE_FLAGS } from "./agent-sandbox-contender.ts";
import { BarePodsContender } from "./bare-pods-contender.ts";
import type { ContenderName } from "./contender-names.ts";
import type { Contender } from "./contender.ts";
import { IndexedJobContender } from "./indexed-job-contender.ts";
import { RollyardContender } from "./rollyard-contender.ts";

/** What contenders run on. */
export interface Ground {
  readonly world: ClusterWorld;
  readonly closers: Closers;
  readonly units: number;
  /** How the world starts Rollyard's controller. */
  readonly controller: ControllerProgram;
}

/** A contender for so many units; a warm one has a pool of as many. */
export function makeContender(name: ContenderName, { world, closers, units, controller }: Ground): Contender {
  const command = rollyardCommand(controller);
  switch (name) {
    case "bare":
      return new BarePodsContender(world.whole.client, units);
    case "job":
      return new IndexedJobContender(world.whole.client, units);
    case "agent-sandbox":
      return new AgentSandboxContender(world, closers, { units, pool: 0, flags: [] });
    case "agent-sandbox-warm":
      return new AgentSandboxContender(world, closers, { units, pool: units, flags: [] });
    case "agent-sandbox-tuned":
      return new AgentSandboxContender(world, closers, { units, pool: units, flags: HIGH_SCALE_FLAGS });
    case "rollyard":
      return new RollyardContender(world, closers, { units, pool: 0, command });
    case "rollyard-warm":
      return new RollyardContender(world, closers, { units, pool: units, command });
    default:
      return assertNever(name);
  }
}

function rollyardCommand({
  controllerMain = "services/controller/main.ts",
  controllerNodeOptions,
}: ControllerProgram): string {
  const options = controllerNodeOptions === undefined ? "" : `NODE_OPTIONS="${controllerNodeOptions}" `;
  return `${options}node ${controllerMain} --config FILE, maxStarting and startsPerSecond 1000 (defaults: 64 and 20), policyProbe off`;
}

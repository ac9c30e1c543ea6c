import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import type { ClusterWorldOptions } from "../../chaos/cluster/cluster-world.ts";
import { RealNode } from "./real-node.ts";
import type { RealNodeOptions } from "./real-node.ts";

/** An installation whose sandboxes are real pods. */
export interface PodsWorld {
  readonly world: ClusterWorld;
  readonly node: RealNode;
  stop(): Promise<void>;
}

/** Starts control plane, bus and a real node; the services come with `world.startServices()`. */
export async function startPodsWorld(
  options: ClusterWorldOptions,
  nodeOptions: RealNodeOptions,
): Promise<PodsWorld> {
  const world = await ClusterWorld.start({ ...options, hasLocalNode: false });
  try {
    const node = await RealNode.start(world.whole, nodeOptions);
    const stop = async (): Promise<void> => {
      await world.stop();
      await node.stop();
    };
    return { world, node, stop };
  } catch (error) {
    await world.stop();
    throw error;
  }
}

import type { ClusterWorldOptions } from "../../chaos/cluster/cluster-world.ts";

const BOUNDS = "--max-old-space-size=640 --max-semi-space-size=4 --v8-pool-size=1";

/** How a world starts its controllers. */
export type ControllerProgram = Pick<ClusterWorldOptions, "controllerMain" | "controllerNodeOptions">;

/** How a world starts its controllers as the chart does (docs/adr/0045): compiled, and with bounds for V8. */
export function compiledController(profile: string | null): Required<ControllerProgram> {
  const profiling = profile === null ? "" : ` --cpu-prof --cpu-prof-dir=${profile}`;
  return {
    controllerMain: "dist/services/controller/main.js",
    controllerNodeOptions: `${BOUNDS}${profiling}`,
  };
}

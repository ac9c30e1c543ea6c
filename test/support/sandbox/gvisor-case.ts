import { copyFile, chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureNodePrograms } from "../../../scripts/lib/node-programs.mjs";
import { whyNoRunsc } from "../../../scripts/lib/runsc-tier.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import { createGvisorLauncher } from "../../../src/sandbox/launchers/gvisor.ts";
import { launcherOptions, tried } from "./launchers.ts";
import type { LauncherCase } from "./launchers.ts";

/** The gVisor launcher under the contract suite, with the runsc that the tier's preparation has built. */
export const GVISOR: LauncherCase = {
  name: "gvisor",
  isolates: true,
  hasSupervisor: true,
  hasOwnKernel: true,
  specFields: {},
  make: async () => {
    const places = findPlaces();
    const reason = whyNoRunsc(places, process.env);
    if (reason !== null) return reason;
    const { runsc } = await ensureNodePrograms(places, ["runsc"]);
    const folder = await mkdtemp(join(tmpdir(), "rollyard-runsc-"));
    // Users of sandboxes reach nothing in our home.
    await chmod(folder, 0o755);
    const copy = join(folder, "runsc");
    await copyFile(runsc, copy);
    await chmod(copy, 0o755);
    const launcher = await tried(() => createGvisorLauncher(launcherOptions(), copy), "runsc is missing")();
    const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
    if (typeof launcher === "string") {
      await remove();
      return launcher;
    }
    const close = launcher.close.bind(launcher);
    launcher.close = async () => {
      await close();
      await remove();
    };
    return launcher;
  },
};

import { createBubblewrapLauncher } from "../../../src/sandbox/launchers/bubblewrap.ts";
import { createDockerLauncher } from "../../../src/sandbox/launchers/docker.ts";
import { createProcessLauncher } from "../../../src/sandbox/launchers/process.ts";
import { createUnshareLauncher } from "../../../src/sandbox/launchers/unshare.ts";
import type { SandboxLauncher } from "../../../src/sandbox/port.ts";
import { whyNoEngine } from "../docker/no-engine.ts";
import { TEST_IMAGE } from "./test-image.ts";
import { SANDBOXD, sandboxSpec } from "./try-sandbox.ts";

/** A launcher under the contract suite. */
export interface LauncherCase {
  readonly name: SandboxLauncher["name"];
  /** Namespaces or a container around it. */
  readonly isolates: boolean;
  /** A supervisor process of ours plays the node. */
  readonly hasSupervisor: boolean;
  /** Its processes are none of this machine's, and its kernel protects the first one from nobody. */
  readonly hasOwnKernel?: boolean;
  /** Fields that every spec needs under it. */
  readonly specFields: Readonly<Record<string, unknown>>;
  /** Null, or why this machine can't hold it. */
  readonly make: () => Promise<SandboxLauncher | string>;
}

/** What launchers of this machine are made from. */
export const launcherOptions = (fields: Readonly<Record<string, unknown>> = {}) => ({
  sandboxd: SANDBOXD,
  spec: sandboxSpec(fields),
});

/** Tells why a launcher can't be made here instead of failing. */
export const tried = (make: () => Promise<SandboxLauncher | null>, missing: string) => async () => {
  try {
    return (await make()) ?? missing;
  } catch (error) {
    return error instanceof Error ? error.message : missing;
  }
};

/** On the engine of the tier, which has the image. */
const makeDocker = async (): Promise<SandboxLauncher | string> => {
  const reason = whyNoEngine();
  if (reason !== null) return reason;
  const launcher = await createDockerLauncher(launcherOptions({ image: TEST_IMAGE }));
  if (launcher === null) throw new Error("the Docker engine of the tests does not answer");
  return launcher;
};

/** Every launcher of this machine, by name. */
export const LAUNCHERS: Readonly<Record<"bubblewrap" | "unshare" | "process" | "docker", LauncherCase>> = {
  bubblewrap: {
    name: "bubblewrap",
    isolates: true,
    hasSupervisor: true,
    specFields: {},
    make: tried(() => createBubblewrapLauncher(launcherOptions()), "bubblewrap is not installed"),
  },
  unshare: {
    name: "unshare",
    isolates: true,
    hasSupervisor: true,
    specFields: {},
    make: tried(() => createUnshareLauncher(launcherOptions()), "unshare is missing or too old"),
  },
  process: {
    name: "process",
    isolates: false,
    hasSupervisor: true,
    specFields: {},
    make: () => Promise.resolve(createProcessLauncher(launcherOptions())),
  },
  docker: {
    name: "docker",
    isolates: true,
    hasSupervisor: false,
    specFields: { image: TEST_IMAGE, imagePullPolicy: "Never" },
    make: makeDocker,
  },
};

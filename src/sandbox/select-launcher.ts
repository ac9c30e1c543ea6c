import { assertNever } from "../lib/assert-never.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { createBubblewrapLauncher } from "./launchers/bubblewrap.ts";
import { createDockerLauncher, dockerHasImage } from "./launchers/docker.ts";
import type { LocalLauncherOptions } from "./launchers/local-options.ts";
import { createGvisorLauncher } from "./launchers/gvisor.ts";
import { createProcessLauncher } from "./launchers/process.ts";
import { createUnshareLauncher } from "./launchers/unshare.ts";
import type { SandboxLauncher } from "./port.ts";

/** The values of `--sandbox`. */
export const SANDBOX_CHOICES = ["auto", "docker", "bubblewrap", "gvisor", "process"] as const;

/** One of {@link SANDBOX_CHOICES}. */
export type SandboxChoice = (typeof SANDBOX_CHOICES)[number];

/** The launchers that a selection tries, and on what system; tests pass their own. */
export interface LauncherMakers {
  readonly platform: NodeJS.Platform;
  readonly docker: (options: LocalLauncherOptions) => Promise<SandboxLauncher | null>;
  /** Whether the engine has the image already. */
  readonly hasImage: (image: string) => Promise<boolean>;
  readonly bubblewrap: (options: LocalLauncherOptions) => Promise<SandboxLauncher | null>;
  readonly unshare: (options: LocalLauncherOptions) => Promise<SandboxLauncher | null>;
  readonly gvisor: (options: LocalLauncherOptions) => Promise<SandboxLauncher | null>;
  readonly process: (options: LocalLauncherOptions) => SandboxLauncher;
}

const MAKERS: LauncherMakers = {
  platform: process.platform,
  docker: createDockerLauncher,
  hasImage: dockerHasImage,
  bubblewrap: createBubblewrapLauncher,
  unshare: createUnshareLauncher,
  gvisor: createGvisorLauncher,
  process: createProcessLauncher,
};

/**
 * Chooses what starts sandboxes on this machine. `auto`: Docker if the environment has an image and an engine answers,
 * unless `local` can stand in for an image that the engine does not have; else namespaces (bubblewrap, or util-linux
 * without it). Rejects with `launcher_unavailable` or `image_required` and
 * a sentence that says what to install or change; `process` is never chosen, only asked for.
 */
export async function selectLauncher(
  choice: SandboxChoice,
  options: LocalLauncherOptions,
  makers: LauncherMakers = MAKERS,
): Promise<SandboxLauncher> {
  switch (choice) {
    case "process":
      return makers.process(options);
    case "docker":
      return await onDocker(options, makers);
    case "bubblewrap":
      return await onNamespaces(options, makers);
    case "gvisor":
      return await onGvisor(options, makers);
    case "auto":
      return await anyIsolation(options, makers);
    default:
      return assertNever(choice);
  }
}

async function anyIsolation(options: LocalLauncherOptions, makers: LauncherMakers): Promise<SandboxLauncher> {
  const { image, local } = options.spec;
  if (image === undefined) return await onNamespaces(options, makers);
  const docker = await makers.docker(options);
  if (docker === null && local === undefined) throw noEngineForImage();
  const hasStandIn = local !== undefined && makers.platform === "linux";
  // Nobody has built or pulled the image here: the folder beside it is for just that.
  if (docker !== null && (!hasStandIn || (await makers.hasImage(image)))) return docker;
  await docker?.close();
  return await onNamespaces(options, makers);
}

async function onDocker(options: LocalLauncherOptions, makers: LauncherMakers): Promise<SandboxLauncher> {
  if (options.spec.image === undefined) throw new RollyardError("image_required");
  const launcher = await makers.docker(options);
  if (launcher !== null) return launcher;
  throw new RollyardError("launcher_unavailable", {
    message: "No Docker engine answers `docker version`: start one, or use --sandbox bubblewrap.",
  });
}

async function onGvisor(options: LocalLauncherOptions, makers: LauncherMakers): Promise<SandboxLauncher> {
  const launcher = await makers.gvisor(options);
  if (launcher !== null) return launcher;
  throw new RollyardError("launcher_unavailable", {
    message:
      "runsc is not installed: put gVisor's runsc on your PATH (https://gvisor.dev/docs/user_guide/install), or use --sandbox bubblewrap.",
  });
}

async function onNamespaces(options: LocalLauncherOptions, makers: LauncherMakers): Promise<SandboxLauncher> {
  const launcher = (await makers.bubblewrap(options)) ?? (await makers.unshare(options));
  if (launcher !== null) return launcher;
  throw new RollyardError("launcher_unavailable", { message: installSentence(makers.platform) });
}

function noEngineForImage(): RollyardError {
  return new RollyardError("launcher_unavailable", {
    message:
      "spec.sandbox.image needs a Docker engine, and none answers `docker version`: start one, or set spec.sandbox.local to a folder whose copy becomes the workdir.",
  });
}

function installSentence(platform: NodeJS.Platform): string {
  if (platform !== "linux")
    return "Sandboxes on this system need Docker: start an engine and set spec.sandbox.image.";
  return "Nothing here can isolate a sandbox: install bubblewrap (`sudo apt install bubblewrap` or `sudo dnf install bubblewrap`), or start a Docker engine and set spec.sandbox.image; --sandbox process runs without any isolation.";
}

import type { SandboxLauncher } from "../port.ts";
import type { LocalLauncherOptions } from "./local-options.ts";
import { NAMESPACES_ENFORCE, notEnforcedSentences } from "./not-enforced.ts";
import { sandboxdArgv } from "./sandboxd-argv.ts";
import { venvPath } from "./venv-path.ts";
import { SupervisedLauncher } from "./supervised-launcher.ts";

const ENFORCES = { ...NAMESPACES_ENFORCE, processes: false };

const NO_ISOLATION = [
  "There is no isolation: commands can read and change whatever their user can on this machine, and use its network.",
  "The workdir is a temporary folder, not spec.sandbox.workdir.",
];

/**
 * A launcher without isolation, for users who ask for it: a workdir of its own, a process group that is killed whole,
 * and as root an unprivileged user. Nothing else.
 */
export function createProcessLauncher(options: LocalLauncherOptions): SandboxLauncher {
  return new SupervisedLauncher({
    name: "process",
    notEnforced: [...NO_ISOLATION, ...notEnforcedSentences(options.spec, ENFORCES)],
    sandboxd: options.sandboxd,
    build: (request, place) => ({
      argv: [
        ...sandboxdArgv(request, {
          binary: place.sandboxd,
          listen: "fd:3",
          workdir: place.workdir,
          env: { HOME: `${place.root}/home`, TMPDIR: `${place.root}/tmp`, ...venvPath(place.venv) },
          hasPidNamespace: false,
          hasOwnUser: place.uid !== null,
        }),
        "--spill-dir",
        `${place.root}/tmp`,
      ],
      env: {},
      // A file makes its folder.
      files: [
        { path: "home/.keep", content: "" },
        { path: "tmp/.keep", content: "" },
      ],
    }),
  });
}

import { RollyardError } from "../../errors/rollyard-error.ts";
import type { SandboxLauncher } from "../port.ts";
import { bubblewrapArgv, INNER_SANDBOXD, INNER_VENV } from "./bubblewrap-argv.ts";
import { readHostRoot } from "./host-root.ts";
import type { LocalLauncherOptions } from "./local-options.ts";
import { minimalEtc, SANDBOX_HOME } from "./minimal-etc.ts";
import { namespaceAdvice } from "./namespace-advice.ts";
import { NAMESPACES_ENFORCE, notEnforcedSentences } from "./not-enforced.ts";
import { probeCommand } from "./probe-command.ts";
import { unprivilegedUids } from "./run-as.ts";
import { sandboxdArgv } from "./sandboxd-argv.ts";
import { venvPath } from "./venv-path.ts";
import { SupervisedLauncher } from "./supervised-launcher.ts";

/**
 * A launcher on Linux namespaces by `bwrap`. Null when bubblewrap is not installed; rejects with
 * `launcher_unavailable`, saying how to allow it, when it is installed and may not make namespaces.
 */
export async function createBubblewrapLauncher(
  options: LocalLauncherOptions,
  bwrap = "bwrap",
): Promise<SandboxLauncher | null> {
  const help = await probeCommand([bwrap, "--help"], null);
  if (help.exitCode === null) return null;
  const uid = unprivilegedUids(process.getuid?.() === 0)();
  const trial = await probeCommand([bwrap, "--unshare-all", "--ro-bind", "/", "/", "true"], uid);
  if (trial.exitCode !== 0)
    throw new RollyardError("launcher_unavailable", { message: namespaceAdvice("bubblewrap") });
  const host = {
    root: readHostRoot(),
    features: {
      size: help.stdout.includes("--size "),
      disableUserns: help.stdout.includes("--disable-userns"),
    },
  };
  return new SupervisedLauncher({
    name: "bubblewrap",
    notEnforced: notEnforcedSentences(options.spec, NAMESPACES_ENFORCE),
    sandboxd: options.sandboxd,
    build: (request, place) => ({
      argv: [
        ...bubblewrapArgv(
          request,
          {
            bwrap,
            sandboxd: place.sandboxd,
            workdir: place.workdir,
            etc: `${place.root}/etc`,
            venv: place.venv,
          },
          host,
        ),
        ...sandboxdArgv(request, {
          binary: INNER_SANDBOXD,
          listen: "fd:3",
          workdir: request.spec.workdir,
          env: { HOME: SANDBOX_HOME, ...venvPath(place.venv === null ? null : INNER_VENV) },
          hasPidNamespace: true,
          hasOwnUser: true,
        }),
      ],
      env: {},
      files: minimalEtc(request.spec.runAsUser).map(({ name, content }) => ({
        path: `etc/${name}`,
        content,
      })),
    }),
  });
}

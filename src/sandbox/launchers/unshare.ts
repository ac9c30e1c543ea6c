import { RollyardError } from "../../errors/rollyard-error.ts";
import type { SandboxLauncher } from "../port.ts";
import { SANDBOX_PATH } from "../sandbox-path.ts";
import { INNER_SANDBOXD, INNER_VENV } from "./bubblewrap-argv.ts";
import { readHostRoot } from "./host-root.ts";
import type { LocalLauncherOptions } from "./local-options.ts";
import { minimalEtc, SANDBOX_HOME } from "./minimal-etc.ts";
import { namespaceAdvice } from "./namespace-advice.ts";
import { NAMESPACES_ENFORCE, notEnforcedSentences } from "./not-enforced.ts";
import { probeCommand } from "./probe-command.ts";
import { unprivilegedUids } from "./run-as.ts";
import { sandboxdArgv } from "./sandboxd-argv.ts";
import { SupervisedLauncher } from "./supervised-launcher.ts";
import { venvPath } from "./venv-path.ts";
import { unshareArgv } from "./unshare-argv.ts";

const TRIAL = [
  ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child", "--net"],
  ["unshare", "--user", "--map-user=1000", "--map-group=1000", "true"],
].flat();

/**
 * A launcher on Linux namespaces by util-linux, for machines without bubblewrap. Null when its `unshare` is missing or
 * too old; rejects with `launcher_unavailable`, saying how to allow it, when it may not make namespaces.
 */
export async function createUnshareLauncher(options: LocalLauncherOptions): Promise<SandboxLauncher | null> {
  const help = await probeCommand(["unshare", "--help"], null);
  if (help.exitCode === null || !help.stdout.includes("--map-user")) return null;
  const trial = await probeCommand(TRIAL, unprivilegedUids(process.getuid?.() === 0)());
  if (trial.exitCode !== 0)
    throw new RollyardError("launcher_unavailable", { message: namespaceAdvice("unshare") });
  const root = readHostRoot();
  return new SupervisedLauncher({
    name: "unshare",
    notEnforced: notEnforcedSentences(options.spec, NAMESPACES_ENFORCE),
    sandboxd: options.sandboxd,
    build: (request, place) => ({
      argv: [
        ...unshareArgv(
          request,
          {
            sandboxd: place.sandboxd,
            workdir: place.workdir,
            etc: `${place.root}/etc`,
            newRoot: `${place.root}/root`,
            venv: place.venv,
          },
          root,
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
      env: { PATH: SANDBOX_PATH },
      files: [
        ...minimalEtc(request.spec.runAsUser).map(({ name, content }) => ({
          path: `etc/${name}`,
          content,
        })),
        { path: "root/.keep", content: "" },
      ],
    }),
  });
}

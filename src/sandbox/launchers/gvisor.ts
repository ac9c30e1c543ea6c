import { chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { RollyardError } from "../../errors/rollyard-error.ts";
import type { LaunchRequest, SandboxLauncher } from "../port.ts";
import { SANDBOX_PATH } from "../sandbox-path.ts";
import { INNER_SANDBOXD, INNER_VENV } from "./bubblewrap-argv.ts";
import { gvisorBundle, INNER_SOCKET } from "./gvisor-bundle.ts";
import { readHostRoot } from "./host-root.ts";
import type { LocalLauncherOptions } from "./local-options.ts";
import { minimalEtc, SANDBOX_HOME } from "./minimal-etc.ts";
import { NAMESPACES_ENFORCE, notEnforcedSentences } from "./not-enforced.ts";
import { probeCommand } from "./probe-command.ts";
import { unprivilegedUids } from "./run-as.ts";
import { sandboxdArgv } from "./sandboxd-argv.ts";
import { SupervisedLauncher } from "./supervised-launcher.ts";
import type { BoxPlace } from "./supervised-launcher.ts";
import { venvPath } from "./venv-path.ts";

const OWN_USER =
  "Commands run with your own user id outside, so they can remove the socket of their sandbox.";

/** What every call of runsc says: no rights of root, no cgroups, and system calls caught without KVM. */
const RUNSC = ["--rootless", "--ignore-cgroups", "--platform=systrap"];

/**
 * A launcher on gVisor: a kernel of its own in user space for each sandbox, by `runsc` alone. Null when runsc is not installed;
 * rejects with `launcher_unavailable`, and what runsc said, when it is and can't run here.
 */
export async function createGvisorLauncher(
  options: LocalLauncherOptions,
  runsc = "runsc",
): Promise<SandboxLauncher | null> {
  const isRoot = process.getuid?.() === 0;
  const uid = unprivilegedUids(isRoot)();
  const program = await findProgram(runsc);
  if (program === null) return null;
  await tryRunsc(program, uid);
  const root = readHostRoot();
  return new SupervisedLauncher({
    name: "gvisor",
    notEnforced: [...notEnforcedSentences(options.spec, NAMESPACES_ENFORCE), ...(isRoot ? [] : [OWN_USER])],
    sandboxd: options.sandboxd,
    passesSocket: false,
    build: (request, place) => {
      const parts = { ...place, socketFolder: dirname(place.socket) };
      const bundle = gvisorBundle(request, parts, { root, command: sandboxdCommand(request, place) });
      return {
        argv: runArgv(program, request, place),
        env: { PATH: SANDBOX_PATH },
        files: [
          ...minimalEtc(request.spec.runAsUser).map(({ name, content }) => ({
            path: `etc/${name}`,
            content,
          })),
          { path: "bundle/config.json", content: JSON.stringify(bundle) },
          { path: "rootfs/.keep", content: "" },
          { path: "state/.keep", content: "" },
        ],
      };
    },
    // The socket is there: from now on nobody inside may put another in its place.
    ...(isRoot ? { onReady: (place: BoxPlace) => closeFolder(dirname(place.socket)) } : {}),
  });
}

/** Its whole path: the supervisor that starts sandboxes has a PATH of its own. */
async function findProgram(name: string): Promise<string | null> {
  const { exitCode, stdout } = await probeCommand(["/bin/sh", "-c", 'command -v "$1"', "find", name], null);
  return exitCode === 0 ? stdout.trim() : null;
}

async function tryRunsc(runsc: string, uid: number | null): Promise<void> {
  const state = await mkdtemp(join(tmpdir(), "rollyard-runsc-"));
  try {
    if (uid !== null) await chown(state, uid, uid);
    const trial = [runsc, ...RUNSC, "--network=none", "--root", state, "do", "true"];
    const { exitCode, stderr } = await probeCommand(trial, uid);
    if (exitCode === 0) return;
    const said = stderr.trim().split("\n").at(-1) ?? "";
    const who = uid === null ? "" : " by a user without rights";
    throw new RollyardError("launcher_unavailable", {
      message: `runsc is installed and can't be run${who} here: ${said || `${runsc} can't be started`}.`,
    });
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

function runArgv(runsc: string, request: LaunchRequest, place: BoxPlace): readonly string[] {
  const network = request.spec.network === "open" ? "host" : "none";
  return [
    [runsc, ...RUNSC, `--network=${network}`, "--host-uds=create", "--root", `${place.root}/state`],
    ["run", "--bundle", `${place.root}/bundle`, request.sandboxUid],
  ].flat();
}

function sandboxdCommand(request: LaunchRequest, place: BoxPlace): readonly string[] {
  return sandboxdArgv(request, {
    binary: INNER_SANDBOXD,
    listen: `unix:${INNER_SOCKET}`,
    workdir: request.spec.workdir,
    env: { HOME: SANDBOX_HOME, ...venvPath(place.venv === null ? null : INNER_VENV) },
    hasPidNamespace: true,
    hasOwnUser: true,
  });
}

async function closeFolder(folder: string): Promise<void> {
  await chown(folder, 0, 0);
  await chmod(folder, 0o755);
}

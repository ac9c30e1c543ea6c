import type { LaunchRequest } from "../port.ts";

/** How sandboxd is started in a place. */
export interface SandboxdPlace {
  /** The program's path as the sandbox sees it. */
  readonly binary: string;
  /** `fd:3`, `unix:/path` or `tcp:host:port`. */
  readonly listen: string;
  /** The workdir as the sandbox sees it. */
  readonly workdir: string;
  /** Variables under the spec's own. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it is process 1 of a PID namespace of its own. */
  readonly hasPidNamespace: boolean;
  /**
   * Whether its user, or the user namespace, is its own alone. Only then may sandboxd set RLIMIT_NPROC: it counts all
   * processes of the user, so a shared one would stand in the way of others.
   */
  readonly hasOwnUser: boolean;
}

// sandboxd's own threads count as processes of its user too.
const OWN_THREADS = 24;

/** The command line of `sandboxd serve` for one local sandbox. It is readable inside, so it holds public keys only. */
export function sandboxdArgv(request: LaunchRequest, place: SandboxdPlace): readonly string[] {
  const { spec } = request;
  return [
    place.binary,
    ...serveArgs(request, place),
    ["--max-processes", place.hasOwnUser ? String(spec.pidsLimit + OWN_THREADS) : "0"],
    // Stdin is held open by whoever plays the node, and ends with it.
    "--stop-with-stdin",
    place.hasPidNamespace ? "--pid-namespace" : "--die-with-parent",
  ].flat();
}

/** What `sandboxd serve` is told anywhere. */
export function serveArgs(
  request: LaunchRequest,
  place: Pick<SandboxdPlace, "listen" | "workdir" | "env">,
): readonly string[] {
  const { spec } = request;
  return [
    "serve",
    ["--listen", place.listen],
    ["--sandbox-uid", request.sandboxUid],
    ["--keys", JSON.stringify(request.publicKeys)],
    ["--workdir", place.workdir],
    ["--setup", JSON.stringify(spec.setup)],
    ["--env", JSON.stringify({ ...place.env, ...spec.env })],
    ["--setup-timeout-seconds", String(spec.readySeconds)],
  ].flat();
}

import type { LaunchRequest } from "../port.ts";
import { sandboxdArgv } from "./sandboxd-argv.ts";
import { parseQuantity } from "../../lib/schema/quantity.ts";

/** Label of every container of ours; its value names the launcher that owns it. */
export const DOCKER_LABEL = "dev.rollyard.launcher";

const INNER = "/.rollyard";

/** Where the parts of one sandbox are on the machine. */
export interface DockerPlace {
  readonly name: string;
  readonly launcherId: string;
  readonly sandboxd: string;
  /** Folder in which sandboxd makes its socket. */
  readonly socketFolder: string;
}

/**
 * The command line of one container: no network unless it is `open`, no capability, no way to gain privileges, limits
 * on memory, CPU and processes, sandboxd as the entry point. It stays attached: when the process that started it is
 * gone, stdin ends and with it the container, which the engine then removes.
 */
export function dockerRunArgv(request: LaunchRequest, place: DockerPlace): readonly string[] {
  const { spec } = request;
  const user = `${spec.runAsUser}:${spec.runAsUser}`;
  const [entrypoint = "", ...args] = sandboxdArgv(request, {
    binary: `${INNER}/sandboxd`,
    listen: `unix:${INNER}/run/s`,
    workdir: spec.workdir,
    env: {},
    hasPidNamespace: true,
    hasOwnUser: false,
  });
  return [
    ["docker", "run", "--rm", "--interactive", "--name", place.name, "--hostname", "sandbox"],
    ["--label", `${DOCKER_LABEL}=${place.launcherId}`, "--pull", pullPolicy(request)],
    ["--network", spec.network === "open" ? "bridge" : "none", "--user", user],
    ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ["--pids-limit", String(spec.pidsLimit), ...limitArgs(request)],
    spec.readOnlyRoot ? ["--read-only", "--tmpfs", "/tmp"] : [],
    ["--mount", bindMount(place.sandboxd, `${INNER}/sandboxd`, "readonly")],
    ["--mount", bindMount(place.socketFolder, `${INNER}/run`)],
    ["--workdir", spec.workdir, "--entrypoint", entrypoint, spec.image ?? "", ...args],
  ].flat();
}

/**
 * A value of `--mount`, which is a line of CSV. Not `--volume`: with that, an engine that comes to it after we were killed
 * makes a folder anew that was removed meanwhile.
 */
function bindMount(source: string, target: string, ...options: readonly string[]): string {
  const fields = ["type=bind", `source=${source}`, `target=${target}`, ...options];
  return fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(",");
}

function limitArgs(request: LaunchRequest): readonly string[] {
  const { memory, cpu } = request.spec.resources.limits;
  const bytes = memory === undefined ? [] : [String(Math.floor(parseQuantity(memory)))];
  return [
    // Without swap: the same limit for memory and for both together.
    bytes.flatMap((limit) => ["--memory", limit, "--memory-swap", limit]),
    cpu === undefined ? [] : ["--cpus", String(parseQuantity(cpu))],
  ].flat();
}

function pullPolicy(request: LaunchRequest): string {
  const policies = { Always: "always", IfNotPresent: "missing", Never: "never" } as const;
  return policies[request.spec.imagePullPolicy ?? "IfNotPresent"];
}

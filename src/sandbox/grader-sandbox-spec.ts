import type { SandboxSpec } from "../environment/sandbox-spec.ts";

/**
 * The spec of the clean sandbox in which a grader runs code: no network, an empty workdir, none of the agent's setup
 * or variables, and none kept warm. `image` is that of `graderRuntime`; without one, the environment's own.
 */
export function graderSandboxSpec(spec: SandboxSpec, image?: string): SandboxSpec {
  const { local: _local, ...rest } = spec;
  return {
    ...rest,
    ...(image === undefined ? {} : { image }),
    setup: [],
    env: {},
    network: "none",
    workdir: "/workspace",
    warmReplicas: 0,
  };
}

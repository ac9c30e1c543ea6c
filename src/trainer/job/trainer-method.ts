import type { EnvironmentSpec } from "../../environment/environment.ts";
import { resolveTools } from "../../environment/tool-definitions.ts";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { CONTRACT_LIMITS } from "../contract-limits.ts";

/** A tool as a fine-tuning job names it. Source: docs/trainer.md, the platforms' own samples. */
export interface TrainerTool {
  readonly name: string;
  readonly server_url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The grader of a fine-tuning job that calls an endpoint. */
export interface EndpointGrader {
  readonly type: "endpoint";
  readonly name: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Most requests per second. */
  readonly rate_limit: number;
  readonly pass_threshold: number;
}

/** What an environment gives to `method.reinforcement` of a fine-tuning job. */
export interface TrainerMethod {
  readonly tools: readonly TrainerTool[];
  readonly grader: EndpointGrader;
  /** Most model calls of a rollout. */
  readonly max_episode_steps: number;
  readonly response_format?: NonNullable<EnvironmentSpec["responseFormat"]>;
}

/** An environment with its place at a gateway. */
export interface NamedEnvironment {
  readonly namespace: string;
  readonly name: string;
  readonly spec: EnvironmentSpec;
}

/** How a platform reaches the gateway. */
export interface GatewayAccess {
  /** Address of the gateway for the platform, without the path of the environment. */
  readonly url: string;
  /** Sent with every call; none for an environment behind something that asks for no key. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The blocks that a fine-tuning job needs to train on an environment. Throws `bad_input` for one that has no tool, and as
 * resolveTools does.
 */
export function trainerMethod(environment: NamedEnvironment, access: GatewayAccess): TrainerMethod {
  const { namespace, name, spec } = environment;
  const tools = resolveTools(spec);
  if (tools.length === 0) {
    throw new RollyardError("bad_input", {
      message: `The Environment "${name}" has no tools: nothing of it would be trained with a tool. Add spec.tools.`,
    });
  }
  const base = `${access.url.replace(/\/+$/u, "")}/v1/environments/${namespace}/${name}`;
  const headers = Object.keys(access.headers).length === 0 ? {} : { headers: access.headers };
  return {
    tools: tools.map((tool) => ({ name: tool.name, server_url: `${base}/tools/${tool.name}`, ...headers })),
    grader: {
      type: "endpoint",
      name,
      url: `${base}/grade`,
      ...headers,
      rate_limit: Math.min(spec.serve.requestsPerSecond, CONTRACT_LIMITS.requestsPerSecond),
      pass_threshold: spec.grader.pass_threshold ?? spec.passThreshold,
    },
    max_episode_steps: spec.limits.maxTurns,
    ...(spec.responseFormat === undefined ? {} : { response_format: spec.responseFormat }),
  };
}

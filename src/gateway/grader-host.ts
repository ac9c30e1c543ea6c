import type { FastifyRequest } from "fastify";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { EnvironmentSpec } from "../environment/environment.ts";
import { compileGrader } from "../grader/compile-grader.ts";
import { depsWithoutWorld, worldlyTypes } from "../grader/no-world.ts";
import type { GradeInput, GradeResult } from "../grader/port.ts";
import { withItsJudges } from "../grader-http/check-api-grader.ts";
import { GraderApi } from "../grader-http/grader-api.ts";
import type { GraderRoutesHost } from "../grader-http/grader-routes.ts";
import { systemClock } from "../lib/clock.ts";
import { callerToken } from "./caller-token.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { discardRest, readJsonBody } from "./request-body.ts";
import { namespacePathSchema, readInput } from "./route-inputs.ts";

/** A sample and its row; text metrics take longer the longer both are, and other requests wait meanwhile. */
const MAX_BODY_BYTES = 32 * 1024;

/**
 * OpenAI's grader API on a gateway: whoever may make jobs in the namespace that the client calls its project (default `default`)
 * may have graders run. Those that compute only; a gateway has no sandboxes and no keys of judges.
 */
export function graderHost({ authorizer, places }: GatewayParts): GraderRoutesHost {
  return {
    api: new GraderApi({ surroundings: withItsJudges, grade, clock: systemClock }),
    authorize: async (request) => {
      const namespace = namespaceOf(request);
      const token = callerToken(request.headers);
      const { user } = await authorizer.authorize(token, { namespace, verb: "create" });
      request.callerName = user;
    },
    bodyOf: async (request) => {
      try {
        return await readJsonBody(request.raw, MAX_BODY_BYTES);
      } catch (error) {
        await discardRest(request.raw);
        throw error;
      }
    },
    takePlace: () => places.bodies.take(),
  };
}

function namespaceOf({ headers }: FastifyRequest): string {
  const { "openai-project": project = "default" } = headers;
  return readInput(namespacePathSchema, { namespace: project }).namespace;
}

async function grade(spec: EnvironmentSpec, input: GradeInput, signal: AbortSignal): Promise<GradeResult> {
  const worldly = worldlyTypes(spec.grader);
  if (worldly.length > 0) {
    throw new RollyardError("grader_config_error", {
      message: `A gateway runs no graders of type ${worldly.join(", ")}: it has no sandboxes and no keys. \`rollyard grade --serve\` runs them on your machine; /validate checks them here.`,
      details: { param: "grader.type" },
    });
  }
  const grader = compileGrader(spec.grader, { passThreshold: spec.passThreshold });
  return grader.grade(input, depsWithoutWorld(systemClock, signal));
}

import type { FastifyReply, FastifyRequest } from "fastify";
import { RollyardError } from "../errors/rollyard-error.ts";
import { findLastServed } from "../trace/served-record.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { readTraces } from "./read-traces.ts";
import { jobPathSchema, readInput, tracesQuerySchema } from "./route-inputs.ts";
import { streamAnswer } from "./stream-answer.ts";

/** `GET /v1/namespaces/:namespace/environments/:name/results`: the ended traces of an environment that is or was served. */
export async function environmentResults(
  parts: GatewayParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const query = readInput(tracesQuerySchema, request.query);
  const place = readInput(jobPathSchema, request.params);
  await streamAnswer(
    parts,
    { request, reply },
    {
      route: "results",
      access: { ...place, resource: "environments", verb: "get", subresource: "results" },
      open: async () => {
        const served = await findLastServed(parts.bus, place);
        if (served === null) throw notServed(place);
        return { lines: (deps) => readTraces(deps, served, query), tell: async () => ({}) };
      },
    },
  );
}

function notServed({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): RollyardError {
  return new RollyardError("environment_not_found", {
    message: `No Environment "${name}" of the namespace "${namespace}" is served to hosted trainers, or was: there is none, or its spec.serve.enabled was never true, or its condition NotServed says why.`,
  });
}

import { environmentResults } from "./environment-results.ts";
import { mountGraderRoutes } from "../grader-http/grader-routes.ts";
import { createHttpServer, listenOn } from "./http-server.ts";
import type { GatewayServer } from "./http-server.ts";
import { graderHost } from "./grader-host.ts";
import { JobRoutes } from "./job-routes.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { addTraceRoutes } from "./traces/trace-routes.ts";
import type { TraceService } from "./traces/trace-service.ts";

/** What a whole gateway is made of. */
export interface GatewayServerParts extends GatewayParts {
  readonly traces: TraceService;
  /** Aborts when the process is to end at once. */
  readonly cutOff: AbortSignal;
}

/** Serves the HTTP API of docs/gateway.md. Rejects with `bad_input` when the address can't be listened on. */
export function startGatewayServer(
  parts: GatewayServerParts,
  address: { readonly host: string; readonly port: number },
): Promise<GatewayServer> {
  const server = createHttpServer(parts);
  mountGraderRoutes(server, graderHost(parts));
  const routes = new JobRoutes(parts);
  const jobs = "/v1/namespaces/:namespace/jobs";
  server.get(`${jobs}/:name`, { config: { route: "job" } }, (...call) => routes.job(...call));
  server.post(jobs, { config: { route: "submit" } }, (...call) => routes.submit(...call));
  server.put(`${jobs}/:name/dataset`, { config: { route: "dataset" } }, (...call) => routes.dataset(...call));
  server.get(`${jobs}/:name/results`, { config: { route: "results" } }, (...call) => routes.results(...call));
  server.get(`${jobs}/:name/log`, { config: { route: "log" } }, (...call) => routes.log(...call));
  const environments = "/v1/namespaces/:namespace/environments";
  server.get(`${environments}/:name/results`, { config: { route: "results" } }, (...call) =>
    environmentResults(parts, ...call),
  );
  addTraceRoutes(server, parts);
  return listenOn(server, address);
}

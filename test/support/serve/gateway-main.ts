import { readFile } from "node:fs/promises";
import { Registry } from "prom-client";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { createHttpServer, listenOn } from "../../../src/gateway/http-server.ts";
import { addTraceRoutes } from "../../../src/gateway/traces/trace-routes.ts";
import { createTraceService } from "../../../src/gateway/traces/trace-service.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { noMetrics } from "../../../src/telemetry/metrics-port.ts";
import { createMetrics } from "../../../src/telemetry/create-metrics.ts";
import { createPinoLogger } from "../../../src/telemetry/pino-logger.ts";

// A gateway of its own beside a local `serve`, which does for traces what services/gateway does on a cluster: SIGTERM lets what
// runs end within the time that the second argument gives, and SIGKILL is SIGKILL. The third says how long a request is held open.

interface JoinFile {
  readonly servers: readonly string[];
  readonly passwords: Readonly<Record<string, string>>;
}

const [, , joinFile = "", graceMs = "5000", answerWithinMs] = process.argv;
const { servers, passwords } = JSON.parse(await readFile(joinFile, "utf8")) as JoinFile;
const logger = createPinoLogger({ file: null, level: "warn" });
const clock = systemClock;
const bus = await connectJetStream({
  servers,
  user: "gateway",
  password: passwords["gateway"] ?? "",
  name: "rollyard-gateway",
  logger,
  clock,
  metrics: noMetrics,
});
const labels = { environment: "small", tools: new Set<string>() };
const metrics = createMetrics(new Registry(), { labelsOf: () => labels });
const traces = createTraceService({ bus, clock, logger, observer: metrics.rollouts.observer });
const cutOff = new AbortController();
const gatewayMetrics = metrics.gateway();
const server = createHttpServer({ logger, metrics: gatewayMetrics });
addTraceRoutes(server, {
  traces,
  clock,
  cutOff: cutOff.signal,
  metrics: gatewayMetrics,
  ...(answerWithinMs === undefined ? {} : { answerWithinMs: Number(answerWithinMs) }),
});
const listening = await listenOn(server, { host: "127.0.0.1", port: 0 });
process.stdout.write(`${JSON.stringify({ port: listening.port })}\n`);
process.once("SIGTERM", () => {
  void clock.sleep(Number(graceMs)).then(() => cutOff.abort());
  void listening
    .close(Number(graceMs) + 2000)
    .then(() => traces.close())
    .then(() => bus.close())
    .then(() => process.exit(0));
});

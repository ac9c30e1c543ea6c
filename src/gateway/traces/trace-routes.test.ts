import { connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { silentLogger } from "../../lib/logger.ts";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import { createHttpServer, listenOn } from "../http-server.ts";
import type { GatewayServer } from "../http-server.ts";
import { BodyRoom } from "./body-room.ts";
import { addTraceRoutes } from "./trace-routes.ts";
import type { TraceService } from "./trace-service.ts";

const MINUTE_MS = 60_000;
const servers: GatewayServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close(0);
});

/** A gateway whose time stands still until it is moved, with one environment and a desk that is never asked. */
async function gateway(room: BodyRoom) {
  const clock = new VirtualClock();
  const environment = { namespace: "ns", name: "env", environmentUid: "uid", specHash: "hash" };
  const traces = {
    room,
    environments: {
      find: async () => environment,
      snapshot: async () => ({ opensWith: async () => true, pace: { enter: async () => true } }),
    },
  } as unknown as TraceService;
  const metrics = { answered: () => undefined, sent: () => undefined, gradeAnswered: () => undefined };
  const server = createHttpServer({ logger: silentLogger, metrics });
  addTraceRoutes(server, { traces, clock, cutOff: new AbortController().signal, metrics });
  const listening = await listenOn(server, { host: "127.0.0.1", port: 0 });
  servers.push(listening);
  return { port: listening.port, clock };
}

/** Sends the head of a request and a part of the body that it announces. */
function sendPart(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
    socket.on("error", reject).on("close", () => resolve(answer));
    socket.write("POST /v1/environments/ns/env/grade HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n");
    socket.write("content-type: application/json\r\ncontent-length: 1000\r\n\r\n{");
  });
}

it("gives the room of a body back that does not come within a minute, and hangs up", async () => {
  const room = new BodyRoom(1_000_000);
  const { port, clock } = await gateway(room);
  const answer = sendPart(port);
  await expect.poll(() => room.taken).toBeGreaterThan(0);
  await clock.run(clock.sleep(MINUTE_MS), MINUTE_MS);
  expect(await answer).toMatch(/^HTTP\/1\.1 400 [^]*The body did not come within a minute\./u);
  expect(room.taken).toBe(0);
});

import { describe, expect, it } from "vitest";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { followLines } from "./follow-lines.ts";
import type { GatewayRequest } from "./gateway-client.ts";

/** What a connection brings, and how it ends. */
interface Connection {
  readonly lines: readonly JsonObject[];
  readonly error?: RollyardError;
}

const lost = new RollyardError("gateway_unreachable");
const clock = { sleep: async () => undefined };
const end = { type: "end", ended: true };

function gateway(connections: Connection[]) {
  const asked: string[] = [];
  const lines = async function* ({ query }: GatewayRequest): AsyncGenerator<JsonObject> {
    asked.push(query?.["after"] ?? "");
    const { lines: coming, error } = connections.shift() ?? { lines: [], error: lost };
    yield* coming;
    if (error !== undefined) throw error;
  };
  return { asked, lines };
}

async function all(world: ReturnType<typeof gateway>, onLost?: (message: string) => void) {
  const seen: JsonObject[] = [];
  const followed = { path: "x", query: { by: "group" }, ...(onLost === undefined ? {} : { onLost }) };
  for await (const line of followLines(world, followed, clock)) seen.push(line);
  return seen;
}

describe("followLines", () => {
  it("goes on behind the last line on whichever connection it gets, and says once that it was lost", async () => {
    const [one, two] = [
      { type: "result", cursor: 7 },
      { type: "result", cursor: 9 },
    ];
    const world = gateway([
      { lines: [one], error: lost },
      { lines: [], error: lost },
      { lines: [two, { type: "reconnect" }] },
      { lines: [end] },
    ]);
    const told: string[] = [];
    expect(await all(world, (message) => told.push(message))).toEqual([one, two, end]);
    expect(world.asked).toEqual(["0", "7", "7", "9"]);
    expect(told).toHaveLength(1);
  });

  it("asks again where a connection ends without a word", async () => {
    expect(await all(gateway([{ lines: [] }, { lines: [end] }]))).toEqual([end]);
  });

  it("gives up soon where nobody ever answers, and at once for what no other try mends", async () => {
    const silent = gateway([]);
    await expect(all(silent)).rejects.toBe(lost);
    expect(silent.asked).toHaveLength(3);
    const refused = new RollyardError("request_forbidden");
    const forbidden = gateway([{ lines: [], error: refused }]);
    await expect(all(forbidden)).rejects.toBe(refused);
    expect(forbidden.asked).toHaveLength(1);
  });

  it("rejects with the error that a gateway sends as its last line", async () => {
    const error = { code: "log_corrupt", message: "It is broken." };
    const broken = gateway([{ lines: [{ type: "error", error }] }]);
    await expect(all(broken)).rejects.toMatchObject(error);
  });
});

import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { SandboxdClient } from "./sandboxd-client.ts";

let server: Server | null = null;
let client: SandboxdClient | null = null;

afterEach(async () => {
  await client?.close();
  server?.close();
  server?.closeAllConnections();
});

async function against(handler: RequestListener, token: () => string = () => "t"): Promise<SandboxdClient> {
  server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  client = new SandboxdClient({ endpoint: { kind: "tcp", host: "127.0.0.1", port }, sandboxUid: "u", token });
  return client;
}

const command = { callId: "c", argv: ["true"], timeoutMs: 1000, maxOutputBytes: 100 };
const ended = JSON.stringify({ exit_code: 0, signal: null, stdout: "done", stderr: "" });
const refusal = (code: string): string => JSON.stringify({ error: { code, message: "CANARY" } });

describe("SandboxdClient", () => {
  it("sends a call again under the same id when the connection breaks", async () => {
    const ids: string[] = [];
    const session = await against((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        ids.push(JSON.parse(body).call_id);
        if (ids.length < 3) response.destroy();
        else response.end(ended);
      });
    });
    expect((await session.exec(command)).stdout).toBe("done");
    expect(ids).toEqual(["c", "c", "c"]);
  });

  it("gives up after a handful of tries, within two seconds", async () => {
    let tries = 0;
    const session = await against((_request, response) => {
      tries += 1;
      response.destroy();
    });
    const began = performance.now();
    await expect(session.exec(command)).rejects.toMatchObject({ code: "sandbox_unreachable" });
    expect(tries).toBe(5);
    expect(performance.now() - began).toBeLessThan(2500);
  });

  it("uses the newest token on every try", async () => {
    const seen: (string | undefined)[] = [];
    let issued = 0;
    const session = await against(
      (request, response) => {
        seen.push(request.headers.authorization);
        response.statusCode = seen.length === 1 ? 401 : 200;
        response.end(seen.length === 1 ? refusal("unauthorized") : ended);
      },
      () => `t${(issued += 1)}`,
    );
    await session.exec(command);
    expect(seen).toEqual(["Bearer t1", "Bearer t2"]);
  });

  it.each([
    [409, "stale_epoch", "sandbox_fenced"],
    [409, "bound_elsewhere", "sandbox_fenced"],
    [410, "restarted", "sandbox_lost"],
    [422, "call_id_reused", "sandbox_protocol_error"],
    [500, "<script>", "sandbox_protocol_error"],
  ])("makes of %i %s an error of ours without the sandbox's text", async (status, code, own) => {
    const session = await against((_request, response) => {
      response.statusCode = status;
      response.end(refusal(code));
    });
    const error: unknown = await session.exec(command).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: own });
    expect(JSON.stringify(error)).not.toMatch(/CANARY|script/u);
  });

  it("reads no more of an answer than it asked for", async () => {
    const session = await against((_request, response) => {
      const timer = setInterval(() => response.write("x".repeat(100_000)), 1);
      response.on("close", () => clearInterval(timer));
    });
    await expect(session.exec(command)).rejects.toMatchObject({ code: "sandbox_protocol_error" });
  });

  it("ends at once when its caller aborts", async () => {
    const session = await against(() => undefined);
    const abort = new AbortController();
    const running = session.exec({ ...command, timeoutMs: 60_000 }, abort.signal);
    setTimeout(() => abort.abort(new Error("enough")), 50);
    await expect(running).rejects.toThrow("enough");
  });

  it("answers as a shell would when a command is too large to be sent", async () => {
    const session = await against((_request, response) => {
      response.statusCode = 413;
      response.end(refusal("too_large"));
    });
    expect(await session.exec(command)).toMatchObject({ exitCode: 126, stdout: "" });
  });
});

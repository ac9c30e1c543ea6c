import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { JsonObject } from "../../../src/lib/json.ts";

/** A grading endpoint of a test. */
export interface HeldEndpoint {
  readonly url: string;
  /** What may be answered, the oldest first; answering takes it away. The body is a score of 1 unless another is given. */
  readonly open: ((body?: string) => void)[];
  /** Most requests that were open at once. */
  readonly most: number;
  close(): Promise<void>;
}

/** Starts an endpoint that scores 1 when the test says so, and hands each item on as its request comes. */
export async function startHeldEndpoint(onItem: (item: JsonObject) => void): Promise<HeldEndpoint> {
  const open: HeldEndpoint["open"] = [];
  let most = 0;
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const answer = (text = '{"score": 1}'): void => {
        open.splice(open.indexOf(answer), 1);
        response.end(text);
      };
      response.on("close", () => {
        if (open.includes(answer)) open.splice(open.indexOf(answer), 1);
      });
      open.push(answer);
      most = Math.max(most, open.length);
      onItem((body as { readonly item: JsonObject }).item);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/grade`,
    open,
    get most() {
      return most;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

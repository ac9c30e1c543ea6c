import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** An endpoint grader whose scores a test decides. */
export interface ScoringEndpoint {
  readonly url: string;
  /** How often each trace was asked for. */
  readonly asked: Map<string, number>;
}

/** What the endpoint is told of a rollout. */
export interface ScoringRequest {
  readonly trace_id: string;
  readonly sample: { readonly output_text: string };
  readonly item: Readonly<Record<string, unknown>>;
}

/** Starts one; it ends with the test. `score` resolves with a score, or with an HTTP status that is no score. */
export async function scoringEndpoint(
  score: (request: ScoringRequest) => Promise<number | { readonly status: number }>,
): Promise<ScoringEndpoint> {
  const asked = new Map<string, number>();
  const answer = async (text: string, response: ServerResponse): Promise<void> => {
    const body = JSON.parse(text) as ScoringRequest;
    asked.set(body.trace_id, (asked.get(body.trace_id) ?? 0) + 1);
    const scored = await score(body);
    response.statusCode = typeof scored === "number" ? 200 : scored.status;
    response.end(typeof scored === "number" ? JSON.stringify({ score: scored }) : "{}");
  };
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => void (text += part));
    request.on("end", () => void answer(text, response));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/grade`, asked };
}

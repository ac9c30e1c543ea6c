import { expect, it } from "vitest";
import { Readiness } from "./readiness.ts";

type Tell = (status: "connected" | "disconnected") => void;

function connection(readiness: Readiness): Tell {
  const told: Tell[] = [];
  readiness.watch({ onStatus: (handler) => void told.push(handler) });
  return (status) => told.forEach((tell) => tell(status));
}

it("a run is ready from its beginning to its interrupt, while every part has its bus", () => {
  const readiness = new Readiness();
  const [worker, grader] = [connection(readiness), connection(readiness)];
  const interrupt = new AbortController();
  expect(readiness.isReady).toBe(false);
  readiness.begin(interrupt.signal);
  expect(readiness.isReady).toBe(true);
  worker("disconnected");
  grader("disconnected");
  expect(readiness.isReady).toBe(false);
  worker("connected");
  expect(readiness.isReady).toBe(false);
  grader("connected");
  expect(readiness.isReady).toBe(true);
  interrupt.abort();
  expect(readiness.isReady).toBe(false);
});

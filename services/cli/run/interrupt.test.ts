import { afterEach, expect, it } from "vitest";
import type { CliIo } from "../cli-io.ts";
import { interruptOnSignals, stopRequests } from "./interrupt.ts";

const EVENTS = ["SIGINT", "SIGTERM", "message"] as const;
const before = new Map(EVENTS.map((event) => [event, process.rawListeners(event)]));
afterEach(() => {
  for (const event of EVENTS)
    for (const listener of process.rawListeners(event))
      if (before.get(event)?.includes(listener) !== true)
        process.off(event, listener as (...args: unknown[]) => void);
  // Who listens to a launcher lets the process end without waiting for it; here the launcher is the test runner.
  process.channel?.ref();
});

const ownListeners = (signal: "SIGINT" | "SIGTERM"): number =>
  process.listenerCount(signal) - (before.get(signal)?.length ?? 0);

const io: CliIo = {
  stdout: () => undefined,
  stderr: () => undefined,
  ask: () => Promise.resolve(null),
  env: {},
  command: "rollyard",
  cwd: "/",
  setExitCode: () => undefined,
};

it.each([
  [{ own: 0, relayed: 0 }, 0],
  // Ctrl-C once, before and after the launcher has told of it; then twice.
  [{ own: 0, relayed: 1 }, 1],
  [{ own: 1, relayed: 1 }, 1],
  [{ own: 2, relayed: 2 }, 2],
  // To this process alone, to the launcher alone.
  [{ own: 2, relayed: 0 }, 2],
  [{ own: 0, relayed: 2 }, 2],
  // npm passes on to the launcher what the group got too.
  [{ own: 1, relayed: 2 }, 1],
])("takes %j for %i requests to stop", (counts, requests) => {
  expect(stopRequests(counts)).toBe(requests);
});

it("lets go of the signals after a run that nobody stopped", () => {
  const interrupt = interruptOnSignals(io);
  expect(ownListeners("SIGTERM")).toBe(1);
  interrupt.stop();
  expect([ownListeners("SIGINT"), ownListeners("SIGTERM")]).toEqual([0, 0]);
});

it("keeps the signals of a run that was told to stop, for what its launcher tells late", () => {
  const interrupt = interruptOnSignals(io);
  process.emit("SIGTERM", "SIGTERM");
  expect(interrupt.signal.aborted).toBe(true);
  interrupt.stop();
  process.emit("message", { relayedSignal: "SIGTERM" }, undefined);
  expect([ownListeners("SIGINT"), ownListeners("SIGTERM")]).toEqual([1, 1]);
});

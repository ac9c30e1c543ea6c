import { expect, it, onTestFinished } from "vitest";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { claimSubject } from "../../../src/bus/subjects.ts";
import { startNatsFixture } from "../../support/bus/nats-fixture.ts";
import { noteLogger } from "../../support/lib/note-logger.ts";

const SUBJECT = claimSubject("ns", "envuid");
const QUESTION = new TextEncoder().encode("a sandbox?");
const ANSWER = new TextEncoder().encode("this one");

it("an answer that outlasts its connection is not sent, and the next question gets its own", async () => {
  const fixture = await startNatsFixture();
  onTestFinished(() => fixture.stop());
  const { logger, notes } = noteLogger();
  const [server] = fixture.servers;
  if (server === undefined) throw new TypeError("no server");
  const login = { servers: [server.address], ...server.login("controller") };
  const broker = await connectJetStream({ ...login, name: "broker", logger });
  onTestFinished(() => broker.close());
  const worker = await fixture.connect("worker", "worker");
  onTestFinished(() => worker.close());
  const asked = Promise.withResolvers<void>();
  const isReady = Promise.withResolvers<void>();
  await broker.serve(SUBJECT, async () => {
    asked.resolve();
    await isReady.promise;
    return ANSWER;
  });
  const lost = worker.request(SUBJECT, QUESTION, 30_000);
  await asked.promise;
  await fixture.restart();
  // Answered on the new connection: by now this one, and the other, have it.
  await broker.ensureStreams();
  isReady.resolve();
  expect(await lost).toEqual({ kind: "timeout" });
  expect(await worker.request(SUBJECT, QUESTION, 30_000)).toMatchObject({ kind: "reply" });
  expect(notes.map(([level, message]) => `${level} ${message}`)).toEqual([
    "warn bus connection lost",
    "info bus connection restored",
  ]);
});

import { describe, expect, test } from "vitest";

import { claimSubject, outcomesFilter, outcomesSubject, slotsSubject } from "../../../src/bus/subjects.ts";
import { bytesOf, freshJob, textOf } from "./contract-context.ts";
import type { ContractContext } from "./contract-context.ts";

const claims = (): string => claimSubject("team", freshJob().jobUid);

/** Requests and broadcasts. */
export function describeMessenger({ bus, worker, servers }: ContractContext): void {
  describe("messenger", () => {
    test("a request is answered by whoever serves the subject", async () => {
      const server = await servers().connect("server");
      const subject = claims();
      const serving = await server.serve(subject, async (payload, on) => bytesOf(`${on} ${textOf(payload)}`));
      const ask = async (): Promise<string> => {
        const result = await worker().request(subject, bytesOf("hello"), 5000);
        return result.kind === "reply" ? textOf(result.payload) : result.kind;
      };
      // In a cluster the servers tell each other of a subscription, and of its end, a moment later.
      await expect.poll(ask, { timeout: 10_000 }).toBe(`${subject} hello`);
      await serving.stop();
      await expect.poll(ask, { timeout: 10_000 }).toBe("no_responders");
      await server.close();
    });

    test("nobody there is told from nobody answering", async () => {
      expect(await worker().request(claims(), bytesOf("x"), 5000)).toEqual({ kind: "no_responders" });
      const subject = claims();
      const serving = await bus().serve(subject, () => Promise.reject(new TypeError("planted")));
      const ask = async (): Promise<string> => (await worker().request(subject, bytesOf("x"), 300)).kind;
      await expect.poll(ask, { timeout: 10_000 }).toBe("timeout");
      await serving.stop();
    });

    test("many requests at once get their own answers", async () => {
      const subject = claims();
      const serving = await bus().serve(subject, async (payload) => payload);
      const ask = async (): Promise<string> => (await worker().request(subject, bytesOf("x"), 5000)).kind;
      await expect.poll(ask, { timeout: 10_000 }).toBe("reply");
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, n) => worker().request(subject, bytesOf(String(n)), 5000)),
      );
      expect(
        results.map((result) => (result.kind === "reply" ? textOf(result.payload) : result.kind)),
      ).toEqual(Array.from({ length: 200 }, (_, n) => String(n)));
      await serving.stop();
    });

    test("a client that is closed answers nothing and stores nothing", async () => {
      const other = await servers().connect("closed");
      const subject = claims();
      await other.serve(subject, async (payload) => payload);
      await other.close();
      const ask = async (): Promise<string> => (await worker().request(subject, bytesOf("x"), 500)).kind;
      await expect.poll(ask, { timeout: 10_000 }).toBe("no_responders");
      expect(await other.publish({ subject: "rollyard.events.a.b.0-0", payload: bytesOf("x") })).toEqual({
        kind: "unknown",
      });
      await expect(other.read("events", "rollyard.events.a.b.0-0")).rejects.toMatchObject({
        code: "bus_unavailable",
      });
    });

    test("a broadcast is heard by all who listen", async () => {
      const slots = slotsSubject(freshJob().jobUid);
      const heard: string[] = [];
      const listening = await Promise.all(
        ["a", "b"].map((name) =>
          bus().listen(slots, (payload) => void heard.push(`${name} ${textOf(payload)}`)),
        ),
      );
      // Said again until it is heard: in a cluster it is lost until the servers have told each other who listens.
      const said = (): readonly string[] => {
        worker().broadcast(slots, bytesOf("stop"));
        return [...new Set(heard)].toSorted();
      };
      await expect.poll(said, { timeout: 10_000 }).toEqual(["a stop", "b stop"]);
      await Promise.all(listening.map((one) => one.stop()));
    });

    test("what is sent to a stream is heard by who listens, whether or not it is stored", async () => {
      const gateway = await servers().connect("gateway", "gateway");
      const job = freshJob();
      const heard = new Set<string>();
      const listening = await gateway.listen(outcomesFilter(job), (payload) => heard.add(textOf(payload)));
      let rollouts = 0;
      const heardNow = async (): Promise<readonly string[]> => {
        const subject = outcomesSubject({ ...job, itemIndex: rollouts++, sampleIndex: 0 });
        for (const text of ["stored", "wrong_sequence"]) {
          const sent = await bus().publish({ subject, payload: bytesOf(text), expectedLastSequence: 0 });
          expect(sent.kind).toBe(text);
        }
        return [...heard].toSorted();
      };
      // In a cluster the servers tell each other of a subscription a moment later.
      await expect.poll(heardNow, { timeout: 10_000 }).toEqual(["stored", "wrong_sequence"]);
      await listening.stop();
      await gateway.close();
    });
  });
}

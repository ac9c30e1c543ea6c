import { describe, expect, it } from "vitest";
import { ScriptedTransport } from "../../../test/support/kube/scripted-transport.ts";
import type { Answer } from "../../../test/support/kube/scripted-transport.ts";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import { silentLogger } from "../../lib/logger.ts";
import { KubeClient } from "../kube-client.ts";
import { objectKey } from "../kube-object.ts";
import { ObjectStore } from "./object-store.ts";
import type { Cached } from "./object-store.ts";
import { Reflector } from "./reflector.ts";

const RESOURCE = { group: "", version: "v1", plural: "pods" };

const pod = (name: string, resourceVersion: string, uid = `uid-${name}`) => ({
  metadata: { namespace: "n", name, uid, resourceVersion },
});
const page = (version: string, items: readonly object[], next = "") => ({
  status: 200,
  body: { metadata: { resourceVersion: version, continue: next }, items },
});
const event = (type: string, object: object) => ({ line: { type, object } });
const bookmark = (version: string) => event("BOOKMARK", { metadata: { resourceVersion: version } });
const GONE = event("ERROR", { kind: "Status", code: 410, reason: "Expired" });

/** Plays the script to its end; resolves with what was asked and what the store holds. */
async function play(answers: readonly Answer[], untilMs = 600_000) {
  const clock = new VirtualClock();
  const transport = new ScriptedTransport(clock, answers);
  const store = new ObjectStore<Cached>({});
  const told: string[] = [];
  store.listen((change) => told.push(change.kind));
  const lists: number[] = [];
  const startMs = clock.nowMs();
  const reflector = new Reflector<Cached>({
    client: new KubeClient(transport, clock),
    transport,
    resource: RESOURCE,
    project: ({ metadata }) => {
      if (metadata.name === "unreadable") throw new TypeError("no such field");
      return { key: objectKey(metadata), uid: metadata.uid, resourceVersion: metadata.resourceVersion };
    },
    store,
    clock,
    random: () => 0,
    logger: silentLogger,
    onListed: () => lists.push(clock.nowMs() - startMs),
  });
  const end = new AbortController();
  const running = reflector.run(end.signal);
  const allAsked = async (): Promise<void> => {
    while (transport.asked.length <= answers.length) await clock.sleep(10);
    end.abort();
    await running;
  };
  await clock.run(allAsked(), untilMs);
  const versions = transport.asked.map((asked) => /resourceVersion=(\w+)/.exec(asked)?.[1] ?? "list");
  return {
    versions,
    told,
    lists,
    asked: transport.asked,
    keys: [...store.all()].map(({ key }) => key),
    reflector,
  };
}

describe("Reflector", () => {
  it("lists in pages, then watches from the list's version", async () => {
    const { versions, asked, keys, reflector } = await play([
      page("7", [pod("a", "1")], "token"),
      page("7", [pod("b", "2")]),
      { stream: [event("ADDED", pod("c", "8")), event("DELETED", pod("a", "9"))] },
    ]);
    expect(versions).toEqual(["list", "list", "7", "9"]);
    expect(asked[1]).toContain("continue=token");
    expect(asked[2]).toMatch(/watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=20/);
    expect(keys).toEqual(["n/b", "n/c"]);
    await reflector.untilSynced();
  });

  it("goes on from a bookmark, so that a quiet kind never gets too old", async () => {
    const { versions } = await play([page("7", []), { stream: [{ sleepMs: 18_000 }, bookmark("950")] }]);
    expect(versions).toEqual(["list", "7", "950"]);
  });

  it("goes on from the last event when the connection breaks", async () => {
    const { versions, lists } = await play([
      page("7", []),
      { stream: [event("ADDED", pod("a", "8")), { breaks: true }] },
      "unreachable",
      "unreachable",
      { stream: [event("MODIFIED", pod("a", "9"))] },
    ]);
    expect(versions).toEqual(["list", "7", "8", "8", "8", "9"]);
    expect(lists).toHaveLength(1);
  });

  it.each([
    ["in the stream", { stream: [GONE] }],
    ["as the answer", { status: 410, body: { kind: "Status" } }],
  ])("lists anew after 410 %s, and tells the differences only", async (_, gone) => {
    const { versions, told, keys } = await play([
      page("7", [pod("a", "1"), pod("b", "2")]),
      gone,
      page("90", [pod("b", "2"), pod("c", "80")]),
    ]);
    expect(versions).toEqual(["list", "7", "list", "90"]);
    expect(keys).toEqual(["n/b", "n/c"]);
    expect(told).toEqual(["added", "added", "added", "removed"]);
  });

  it("lists in one piece when the pages have become too old", async () => {
    const { asked, keys } = await play([
      page("7", [pod("a", "1")], "token"),
      { status: 410, body: {} },
      page("9", [pod("b", "2")]),
    ]);
    expect(asked[0]).toContain("limit=500");
    expect(asked[2]).not.toContain("limit");
    expect(keys).toEqual(["n/b"]);
  });

  it("tries a list again, with longer and longer pauses", async () => {
    const { lists } = await play(["unreachable", "unreachable", { status: 503, body: {} }, page("7", [])]);
    expect(lists).toEqual([500 + 1000 + 2000]);
  });

  it("does not hammer a server that ends each watch at once", async () => {
    const ends = Array.from({ length: 6 }, (): Answer => ({ stream: [] }));
    const clockless = await play([page("7", []), ...ends], 32_000);
    expect(clockless.versions).toEqual(["list", ...ends.map(() => "7"), "7"]);
    await expect(play([page("7", []), ...ends], 31_000)).rejects.toThrow("did not end");
  });

  it("survives lines that are no JSON and objects that can't be read", async () => {
    const { keys, versions } = await play([
      page("7", [pod("unreadable", "1"), pod("a", "2")]),
      {
        stream: [event("ADDED", pod("unreadable", "8")), event("ADDED", pod("b", "9")), { line: '{"type":' }],
      },
    ]);
    expect(keys).toEqual(["n/a", "n/b"]);
    expect(versions).toEqual(["list", "7", "9"]);
  });
});

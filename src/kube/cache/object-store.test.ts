import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ObjectStore } from "./object-store.ts";
import type { Cached, StoreChange } from "./object-store.ts";

interface Pod extends Cached {
  readonly labels: readonly string[];
}

const pod = (
  key: string,
  resourceVersion: string,
  labels: readonly string[] = [],
  uid = `uid-${key}`,
): Pod => ({
  key,
  uid,
  resourceVersion,
  labels,
});

function storeWithLog() {
  const store = new ObjectStore<Pod, "label">({ label: ({ labels }) => labels });
  const log: string[] = [];
  const told = (change: StoreChange<Pod>): string =>
    change.kind === "removed"
      ? `-${change.before.key}`
      : `${change.kind === "added" ? "+" : "~"}${change.now.key}`;
  store.listen((change) => log.push(told(change)));
  return { store, log };
}

describe("ObjectStore", () => {
  it("tells what was added, changed and removed, and nothing twice", () => {
    const { store, log } = storeWithLog();
    store.put(pod("a", "1"));
    store.put(pod("a", "1"));
    store.put(pod("a", "2"));
    store.remove("a");
    store.remove("a");
    expect(log).toEqual(["+a", "~a", "-a"]);
  });

  it("takes an object with another uid for another object", () => {
    const { store, log } = storeWithLog();
    store.put(pod("a", "1", ["x"], "one"));
    store.put(pod("a", "2", ["y"], "two"));
    expect(log).toEqual(["+a", "-a", "+a"]);
    expect(store.find("label", "x")).toEqual([]);
  });

  it("becomes what a list says and tells the differences only", () => {
    const { store, log } = storeWithLog();
    store.replaceAll([pod("a", "1"), pod("b", "2"), pod("c", "3")]);
    log.length = 0;
    store.replaceAll([pod("a", "1"), pod("b", "9"), pod("d", "4")]);
    expect(log).toEqual(["~b", "+d", "-c"]);
  });

  it("no longer tells a listener that has left", () => {
    const store = new ObjectStore<Pod>({});
    const log: unknown[] = [];
    const leave = store.listen((change) => log.push(change));
    leave();
    store.put(pod("a", "1"));
    expect(log).toEqual([]);
  });

  it("finds by an index exactly what a walk over all objects finds", () => {
    const step = fc.record({
      key: fc.constantFrom("a", "b", "c", "d"),
      labels: fc.uniqueArray(fc.constantFrom("x", "y", "z")),
      uid: fc.constantFrom("u1", "u2"),
      isRemoval: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { store } = storeWithLog();
        for (const [version, { key, labels, uid, isRemoval }] of steps.entries()) {
          if (isRemoval) store.remove(key);
          else store.put(pod(key, String(version), labels, uid));
          for (const label of ["x", "y", "z"]) {
            const walked = [...store.all()].filter((each) => each.labels.includes(label));
            expect(store.find("label", label).toSorted(byKey)).toEqual(walked.toSorted(byKey));
            expect(store.count("label", label)).toBe(walked.length);
          }
        }
      }),
    );
  });
});

const byKey = (left: Pod, right: Pod): number => left.key.localeCompare(right.key);

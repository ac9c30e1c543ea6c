import { describe, expect, it } from "vitest";
import { DatasetDownloads } from "./dataset-downloads.ts";
import type { Download } from "./dataset-downloads.ts";

const download = (job: string, namespace = job): Download => ({
  job,
  namespace,
  url: `https://data.example/${job}`,
  sha256: "",
});

function world() {
  const asked = new Map<string, PromiseWithResolvers<Uint8Array>>();
  const ended: string[] = [];
  const downloads = new DatasetDownloads(
    (url) => {
      const answer = Promise.withResolvers<Uint8Array>();
      asked.set(new URL(url).pathname.slice(1), answer);
      return answer.promise;
    },
    (job) => ended.push(job),
  );
  const answer = async (job: string): Promise<void> => {
    asked.get(job)?.resolve(new TextEncoder().encode(job));
    asked.delete(job);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { downloads, asked, ended, answer };
}

describe("downloads of datasets", () => {
  it("are begun once, told of at their end, and given out once", async () => {
    const { downloads, asked, ended, answer } = world();
    expect(downloads.take(download("a"))).toEqual({ kind: "under_way" });
    expect(downloads.take(download("a"))).toEqual({ kind: "under_way" });
    expect([...asked.keys()]).toEqual(["a"]);
    await answer("a");
    expect(ended).toEqual(["a"]);
    expect(downloads.take(download("a"))).toEqual({ kind: "bytes", bytes: new TextEncoder().encode("a") });
    expect(downloads.take(download("a"))).toEqual({ kind: "under_way" });
  });

  it("give out how they failed", async () => {
    const { downloads, asked } = world();
    downloads.take(download("a"));
    asked.get("a")?.reject(new TypeError("no"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(downloads.take(download("a"))).toMatchObject({ kind: "failed", error: new TypeError("no") });
  });

  it("are one at a time for a namespace, and four in all", async () => {
    const { downloads, asked, answer } = world();
    downloads.take(download("a1", "a"));
    downloads.take(download("a2", "a"));
    for (const job of ["b", "c", "d", "e"]) downloads.take(download(job));
    expect([...asked.keys()]).toEqual(["a1", "b", "c", "d"]);
    await answer("b");
    expect([...asked.keys()]).toEqual(["a1", "c", "d", "e"]);
    await answer("a1");
    expect([...asked.keys()]).toEqual(["c", "d", "e", "a2"]);
  });

  it("keep nothing of a job that is gone, or did not take it", async () => {
    const { downloads, asked, ended, answer } = world();
    for (const job of ["gone", "late"]) downloads.take(download(job));
    downloads.forget("gone");
    await answer("gone");
    await answer("late");
    expect(ended).toEqual(["late"]);
    // The first look may have begun before its end.
    downloads.looked("late");
    downloads.looked("late");
    for (const job of ["gone", "late"]) downloads.take(download(job));
    expect([...asked.keys()]).toEqual(["gone", "late"]);
  });
});

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  CORPUS_FOLDER,
  deriveItems,
  formatItems,
  readChangeRequests,
} from "../../../examples/repo-search/derive-items.ts";
import { readCodeBase } from "../../../examples/repo-search/derive/code-base.ts";
import { readExample } from "./read-example.ts";

const codeBase = readCodeBase(CORPUS_FOLDER.pathname);
const items = deriveItems(readChangeRequests(), codeBase);

describe("the items of repo-search", () => {
  it("are what the sources say today", () => {
    const stored = readFileSync(
      new URL("../../../examples/repo-search/items.jsonl", import.meta.url),
      "utf8",
    );

    expect(stored).toBe(formatItems(items));
  });

  it("are at least thirty, each with its own id and question", () => {
    expect(items.length).toBeGreaterThanOrEqual(30);
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
    expect(new Set(items.map(({ question }) => question)).size).toBe(items.length);
  });

  it.each(items)("$id has an answer of two to a dozen files, all of them in the corpus", ({ files }) => {
    expect(files.length).toBeGreaterThanOrEqual(2);
    expect(files.length).toBeLessThanOrEqual(12);
    expect(files.filter((path) => !codeBase.corpus.has(path))).toEqual([]);
  });

  it("need more than one search: for most, no word of the request is in just the files of the answer", () => {
    const given = items.filter(({ question, files }) => {
      const words = new Set(question.match(/[\w/-]+(?:\.\w+)*/g));
      return [...words].some((word) => filesWith(word).join() === files.join());
    });

    expect(given.length).toBeLessThan(items.length / 5);
  });

  it("come from the folder that the environment gives to its sandboxes, in the pinned version of its image", () => {
    const { sandbox } = readExample().environment;
    const { version } = JSON.parse(codeBase.corpus.get("package.json")?.text ?? "{}") as { version?: string };

    expect(new URL(`../../../examples/repo-search/${sandbox.local ?? ""}/`, import.meta.url)).toEqual(
      CORPUS_FOLDER,
    );
    expect(sandbox.image).toBe(`rollyard/repo-search:fastify-${version ?? ""}`);
  });
});

function filesWith(word: string): readonly string[] {
  return [...codeBase.corpus.values()].filter(({ text }) => text.includes(word)).map(({ path }) => path);
}

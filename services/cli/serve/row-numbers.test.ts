import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aResult } from "../../../test/support/trajectory/records.ts";
import { RowNumbers } from "./row-numbers.ts";

let folder: string;
let privateFolder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "rollyard-rows-"));
  privateFolder = path.join(folder, ".rollyard");
  await mkdir(privateFolder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const opened = (): RowNumbers => new RowNumbers(folder, privateFolder);
const at = (itemIndex: number, sampleIndex: number) => ({ itemIndex, sampleIndex });

describe("RowNumbers", () => {
  it("counts rows in the order in which they come, and the samples of each", () => {
    const rows = opened();
    const places = [{ q: 1 }, { q: 2 }, { q: 1 }, { q: 1 }, {}].map((item) => rows.place(item));
    expect(places).toEqual([at(0, 0), at(1, 0), at(0, 1), at(0, 2), at(2, 0)]);
  });

  it("takes rows for equal whatever the order of their keys, and no others", () => {
    const rows = opened();
    rows.place({ q: 1, deep: { a: [1, 2], b: null } });
    expect(rows.place({ deep: { b: null, a: [1, 2] }, q: 1 })).toEqual(at(0, 1));
    expect(rows.place({ deep: { b: null, a: [2, 1] }, q: 1 })).toEqual(at(1, 0));
    expect(rows.place({ deep: { b: null, a: [1, 2] }, q: "1" })).toEqual(at(2, 0));
  });

  it("goes on from what a folder has: its rows keep their numbers, and samples that are on record count", async () => {
    const first = opened();
    first.place({ q: 1 });
    first.place({ q: 2 });
    // This one was numbered, and never came onto the record.
    first.place({ q: 3 });
    const records = [at(0, 0), at(1, 4), at(1, 2)].map(({ itemIndex, sampleIndex }) =>
      aResult({ item_index: itemIndex, sample_index: sampleIndex }),
    );
    await writeFile(
      path.join(folder, "results.jsonl"),
      records.map((record) => `${JSON.stringify(record)}\n`).join(""),
    );
    const next = opened();
    const places = [{ q: 3 }, { q: 2 }, { q: 1 }, { q: 4 }].map((item) => next.place(item));
    expect(places).toEqual([at(2, 0), at(1, 5), at(0, 1), at(3, 0)]);
  });

  it("says so when it can't note a row, and does not number it", async () => {
    const rows = opened();
    await rm(privateFolder, { recursive: true });
    expect(() => rows.place({ q: 1 })).toThrow(expect.objectContaining({ code: "output_unwritable" }));
    await mkdir(privateFolder);
    expect(rows.place({ q: 2 })).toEqual(at(0, 0));
  });
});

import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { scratchFolder } from "../../test/support/trajectory/scratch-folder.ts";
import { readRecords } from "./read-records.ts";

const schema = z.object({ name: z.string() });

async function namesIn(text: string, mention?: string): Promise<string[]> {
  const file = path.join(await scratchFolder(), "records.jsonl");
  await writeFile(file, text);
  return collect(readRecords(file, schema, mention === undefined ? {} : { mention }));
}

async function collect(records: AsyncIterable<{ readonly name: string }>): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of records) names.push(name);
  return names;
}

describe("readRecords", () => {
  it("keeps a record whole that holds line separators", async () => {
    expect(await namesIn('{"name":"a\u2028b"}\n{"name":"c"}\n')).toEqual(["a\u2028b", "c"]);
  });

  it("leaves out a last line that is being written", async () => {
    expect(await namesIn('{"name":"a"}\n{"na')).toEqual(["a"]);
  });

  it("takes a last line that lacks only its newline", async () => {
    expect(await namesIn('{"name":"a"}\n{"name":"b"}')).toEqual(["a", "b"]);
  });

  it("names the line that is no record", async () => {
    const problem = { code: "bad_input", message: expect.stringMatching(/records\.jsonl:2 is no record/u) };
    await expect(namesIn('{"name":"a"}\n{"name":7}\n')).rejects.toMatchObject(problem);
    await expect(namesIn('{"name":"a"}\n{"na\n{"name":"c"}\n')).rejects.toMatchObject(problem);
  });

  it("does not read lines without the text that is asked for", async () => {
    expect(await namesIn('{"name":"a"}\nnonsense\n{"name":"b"}\n', '"b"')).toEqual(["b"]);
  });

  it("finds no records where there is no file", async () => {
    expect(await collect(readRecords(path.join(await scratchFolder(), "none"), schema))).toEqual([]);
  });
});

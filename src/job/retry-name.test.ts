import { describe, expect, it } from "vitest";
import { dnsLabelSchema } from "../lib/schema/names.ts";
import { parseRetryName, retryName } from "./retry-name.ts";

describe("the name of a retry", () => {
  it("is the job's with its number, and says both again", () => {
    expect(retryName("small", 2)).toBe("small-retry-2");
    expect(parseRetryName("small-retry-2")).toEqual({ job: "small", number: 2 });
    expect(parseRetryName("small")).toBeNull();
    expect(parseRetryName("small-retry-0")).toBeNull();
  });

  it.each([
    ["a".repeat(52), 1],
    [`${"a".repeat(43)}-${"b".repeat(8)}`, 1],
    ["a".repeat(52), 12_345],
  ])("stays a name where the job's %s leaves no room", (job, number) => {
    const name = retryName(job, number);
    expect(dnsLabelSchema.safeParse(name).success).toBe(true);
    expect(parseRetryName(name)?.number).toBe(number);
  });
});

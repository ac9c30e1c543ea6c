import { describe, expect, it } from "vitest";
import { readRequest, wants } from "./request-words.ts";

describe("reading a request", () => {
  it("tells names, paths and plain words apart", () => {
    const words = readRequest(
      "Move lib/hooks.js, drop `rfdc` and FST_ERR_BAD_URL from the log controller.",
      true,
    );

    expect(words).toEqual({
      names: ["rfdc", "FST_ERR_BAD_URL"],
      paths: ["lib/hooks.js"],
      phrases: ["log controller"],
      plain: ["controller", "drop", "log"],
    });
  });

  it("passes over names that stay as they are only when it is attentive", () => {
    const request = "Rename kReply to kReplyClass. kReplyHeaders stays.";

    expect(readRequest(request, true).names).toEqual(["kReply", "kReplyClass"]);
    expect(readRequest(request, false).names).toContain("kReplyHeaders");
  });

  it("knows whether documents are wanted, left out, or not spoken of", () => {
    const asked = ["Change the docs.", "Change the code, but no docs.", "Change the code."];

    expect(asked.map((request) => wants(request, /\bdocs\b/))).toEqual([true, false, null]);
  });
});

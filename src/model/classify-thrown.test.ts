import { describe, expect, it } from "vitest";
import { classifyThrown } from "./classify-thrown.ts";

/** An SDK error whose cause's cause has this code, as undici throws it. */
function thrownWith(code: string): Error {
  const socket = Object.assign(new Error("CANARY"), { code });
  return new Error("Connection error.", { cause: new TypeError("fetch failed", { cause: socket }) });
}

describe("an error of the connection to a model endpoint", () => {
  it.each([
    ["ECONNREFUSED", "model_unreachable"],
    ["ENOTFOUND", "model_unreachable"],
    ["UND_ERR_CONNECT_TIMEOUT", "model_unreachable"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "model_unreachable"],
    ["ECONNRESET", "model_connection_lost"],
    ["UND_ERR_SOCKET", "model_connection_lost"],
    ["UND_ERR_BODY_TIMEOUT", "model_timeout"],
    ["RESPONSE_TOO_LARGE", "model_bad_response"],
  ])("is found by its code in the chain of causes: %s is %s", (code, expected) => {
    expect(classifyThrown(thrownWith(code))).toMatchObject({
      code: expected,
      details: { network: code },
    });
    expect(JSON.stringify(classifyThrown(thrownWith(code)))).not.toContain("CANARY");
  });

  it("counts as a lost connection when it says nothing", () => {
    expect(classifyThrown("odd")).toMatchObject({ code: "model_connection_lost", details: {} });
  });

  it("is read to an end when its causes go round in a circle", () => {
    const error = new Error("a");
    error.cause = error;
    expect(classifyThrown(error)).toMatchObject({ code: "model_connection_lost" });
  });
});

import { format, inspect } from "node:util";
import { expect, it } from "vitest";
import { Secret } from "./secret.ts";

it("shows its value to reveal and to nothing else", () => {
  const secret = new Secret("CANARY");
  const shown = [
    JSON.stringify({ secret }),
    String(secret),
    inspect({ secret }, { showHidden: true, depth: 9 }),
    format("%s %o %j", secret, secret, secret),
    JSON.stringify(Object.entries(secret)),
  ];
  expect(shown.join()).not.toContain("CANARY");
  expect(secret.reveal()).toBe("CANARY");
});

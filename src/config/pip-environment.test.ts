import { expect, it } from "vitest";
import { pipEnvironment } from "./pip-environment.ts";

it("gives pip its settings, and no key that the command was given", () => {
  const needed = { PATH: "/bin", HOME: "/h", PIP_INDEX_URL: "u", https_proxy: "p", LC_ALL: "C" };
  const keys = { OPENAI_API_KEY: "k", MY_SECRET: "s", NATS_PASSWORD: "n", PATHS: "x", UNSET: undefined };
  expect(pipEnvironment({ ...needed, ...keys })).toEqual(needed);
});

import { expect, it } from "vitest";
import { commandName } from "./command-name.mjs";

const CLONE = { root: "/src/rollyard", isClone: true };
const PACKAGE = { root: "/lib/node_modules/rollyard", isClone: false };

it.each([
  {
    how: "npx in a clone",
    script: "/cache/_npx/1/node_modules/.bin/rollyard",
    env: { npm_command: "exec" },
    places: CLONE,
    name: "npx rollyard",
  },
  { how: "npm install -g", script: "/usr/local/bin/rollyard", env: {}, places: PACKAGE, name: "rollyard" },
  {
    how: "kubectl's plugin",
    script: "/usr/local/bin/kubectl-rollyard",
    env: {},
    places: PACKAGE,
    name: "kubectl rollyard",
  },
  { how: "npm link", script: "/usr/local/bin/rollyard", env: {}, places: CLONE, name: "rollyard" },
  {
    how: "a script of a project",
    script: "/work/node_modules/.bin/rollyard",
    env: {},
    places: PACKAGE,
    name: "npx rollyard",
  },
  {
    how: "its path, outside of the clone",
    script: "/src/rollyard/bin/rollyard.mjs",
    env: {},
    places: CLONE,
    name: "node /src/rollyard/bin/rollyard.mjs",
  },
])("names the command for who started it by $how", ({ script, env, places, name }) => {
  expect(commandName({ script, env, cwd: "/work", places })).toBe(name);
});

it("names npx for who stands in the clone", () => {
  const script = "/src/rollyard/bin/rollyard.mjs";
  for (const cwd of ["/src/rollyard", "/src/rollyard/examples", "/src/rollyard/..hidden"]) {
    expect(commandName({ script, env: {}, cwd, places: CLONE })).toBe("npx rollyard");
  }
});

it("quotes a path for the shell", () => {
  const script = "/it's here/bin/rollyard.mjs";
  const places = { root: "/it's here", isClone: true };
  expect(commandName({ script, env: {}, cwd: "/", places })).toBe(
    String.raw`node '/it'\''s here/bin/rollyard.mjs'`,
  );
});

import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureNatsServer } from "../../../scripts/lib/nats-server.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import { ensureSandboxd } from "../../../scripts/lib/sandboxd.mjs";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const PIN = "2.15.2";

let folder: string;
let root: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rollyard-setup-"));
  root = join(folder, "clone");
  path = join(folder, "path");
  mkdirSync(path);
  mkdirSync(join(root, ".git"), { recursive: true });
  cpSync(join(repository, "tools"), join(root, "tools"), { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true }));

const places = (): ReturnType<typeof findPlaces> =>
  findPlaces({ XDG_CACHE_HOME: join(folder, "cache") }, root);

/** Puts a program on the test's PATH. */
function program(name: string, script: string, into = path): string {
  mkdirSync(into, { recursive: true });
  const file = join(into, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** A Go that answers its version and "builds" an empty program, noting it in the file. */
const fakeGo = (notes: string): string => `case $1 in
  version) echo go version go1.26.0 linux/amd64;;
  build) echo x >> ${notes}; while [ "$1" != -o ]; do shift; done; printf '#!/bin/sh\\n' > "$2"; chmod +x "$2";;
esac`;

describe("ensureNatsServer", () => {
  it("links to a server on PATH that is new enough, and does not ask it again", async () => {
    const server = program("nats-server", `echo x >> ${folder}/asked; echo 'nats-server: v2.12.1'`);
    const link = await ensureNatsServer(places(), { PATH: path });
    await ensureNatsServer(places(), { PATH: path });
    expect(readlinkSync(link)).toBe(server);
    expect(readFileSync(join(folder, "asked"), "utf8")).toBe("x\n");
  });

  it("passes over one that is too old for the one in the user's cache", async () => {
    program("nats-server", "echo 'nats-server: v2.9.10'");
    const cached = program("nats-server", "", join(folder, "cache", "rollyard", `nats-server-${PIN}`));
    expect(readlinkSync(await ensureNatsServer(places(), { PATH: path }))).toBe(cached);
  });

  it("builds the pinned version with Go into the user's cache", async () => {
    program("go", fakeGo(join(folder, "builds")));
    const link = await ensureNatsServer(places(), { PATH: `${path}:/usr/bin:/bin` });
    expect(readlinkSync(link)).toBe(join(folder, "cache", "rollyard", `nats-server-${PIN}`, "nats-server"));
  });

  it("leaves the link of an older pin", async () => {
    const current = places();
    const old = program("nats-server", "", join(folder, "cache", "rollyard", "nats-server-2.14.0"));
    const cached = program("nats-server", "", join(folder, "cache", "rollyard", `nats-server-${PIN}`));
    mkdirSync(current.binFolder, { recursive: true });
    symlinkSync(old, join(current.binFolder, "nats-server"));
    expect(readlinkSync(await ensureNatsServer(current, { PATH: path }))).toBe(cached);
  });
});

describe("ensureSandboxd", () => {
  beforeEach(() => {
    mkdirSync(join(root, "services", "sandboxd"), { recursive: true });
    writeFileSync(join(root, "services", "sandboxd", "go.mod"), "module sandboxd\n\ngo 1.24\n");
    writeFileSync(join(root, "services", "sandboxd", "main.go"), "package main\n\nfunc main() {}\n");
  });

  it("says in one sentence that Go is missing and where to get it", async () => {
    await expect(ensureSandboxd(places(), { PATH: path })).rejects.toThrow(
      "sandboxd can't be built (Go is not installed): install Go 1.26 or newer (https://go.dev/dl).",
    );
  });

  it("says which Go is too old", async () => {
    program("go", "echo go version go1.19.8 linux/amd64");
    await expect(ensureSandboxd(places(), { PATH: path })).rejects.toThrow("Go 1.19.8 is older than 1.24.0");
  });

  it("builds again only when a source changed", async () => {
    const builds = join(folder, "builds");
    program("go", fakeGo(builds));
    const env = { PATH: `${path}:/usr/bin:/bin` };
    await ensureSandboxd(places(), env);
    await ensureSandboxd(places(), env);
    writeFileSync(join(root, "services", "sandboxd", "main_test.go"), "package main\n");
    await ensureSandboxd(places(), env);
    expect(readFileSync(builds, "utf8")).toBe("x\n");
    writeFileSync(
      join(root, "services", "sandboxd", "main.go"),
      "package main\n\nfunc main() { println() }\n",
    );
    await ensureSandboxd(places(), env);
    expect(readFileSync(builds, "utf8")).toBe("x\nx\n");
  });

  it("keeps the compiler's words in a file and names it", async () => {
    program(
      "go",
      "case $1 in version) echo go version go1.26.0 linux/amd64;; *) echo broken >&2; exit 1;; esac",
    );
    await expect(ensureSandboxd(places(), { PATH: path })).rejects.toThrow(
      /^sandboxd can't be built, see .*sandboxd\.log\.$/,
    );
    expect(readFileSync(join(root, ".cache", "logs", "sandboxd.log"), "utf8")).toBe("broken\n");
  });
});

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureControlPlane } from "./control-plane.mjs";
import { findPlaces } from "./places.mjs";
import type { Places } from "./places.mjs";

/** Plays Go: says its version, and "builds" the file after -o. */
const FAKE_GO = `#!/bin/sh
if [ "$1" = version ]; then echo "go version go1.26.0 linux/amd64"; exit 0; fi
echo go.etcd.io/bbolt >&2
for word; do if [ "$last" = -o ]; then out=$word; fi; last=$word; done
case "$last" in
  *etcd*) printf '#!/bin/sh\\n' > "$out"; chmod +x "$out" ;;
  *) echo "main.go:1: no such thing" >&2; exit 1 ;;
esac
`;

describe("ensureControlPlane", () => {
  let folder = "";
  let places: Places;
  const withGo = () => ({ PATH: `${join(folder, "go")}:/usr/bin:/bin` });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rollyard-plane-"));
    mkdirSync(join(folder, "go"));
    writeFileSync(join(folder, "go", "go"), FAKE_GO);
    chmodSync(join(folder, "go", "go"), 0o755);
    places = { ...findPlaces(), sharedCache: join(folder, "cache"), logFolder: join(folder, "logs") };
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("takes the programs of KUBEBUILDER_ASSETS as they are", async () => {
    writeFileSync(join(folder, "etcd"), "");
    chmodSync(join(folder, "etcd"), 0o755);
    const env = { PATH: "", KUBEBUILDER_ASSETS: folder };
    expect(await ensureControlPlane(places, ["etcd"], env)).toEqual({ etcd: join(folder, "etcd") });
  });

  it("builds what is missing into the shared cache, once, and leaves nothing half-made there", async () => {
    const { etcd } = await ensureControlPlane(places, ["etcd"], withGo());
    expect(etcd).toMatch(/cache\/control-plane-etcd-\d+\.\d+\.\d+-[0-9a-f]{12}\/etcd$/);
    expect(readdirSync(join(etcd, ".."))).toEqual(["etcd"]);
    expect(await ensureControlPlane(places, ["etcd"], { PATH: "" })).toEqual({ etcd });
  });

  it("keeps what a failed build said, without the names of packages", async () => {
    await expect(ensureControlPlane(places, ["kwok"], withGo())).rejects.toThrow(
      `kwok can't be built, see ${join(folder, "logs", "kwok.log")}.`,
    );
    expect(readFileSync(join(folder, "logs", "kwok.log"), "utf8")).toBe("main.go:1: no such thing\n");
  });

  it("says what to install where Go is missing", async () => {
    await expect(ensureControlPlane(places, ["kubectl"], { PATH: "" })).rejects.toThrow(
      /kubectl can't be built \(Go is not installed\): install Go .* or name a folder that has it in KUBEBUILDER_ASSETS/,
    );
  });
});

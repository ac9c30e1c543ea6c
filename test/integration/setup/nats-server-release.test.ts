import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checksumOf, downloadNatsServer } from "../../../scripts/lib/nats-server-release.mjs";

const version = "9.9.9";
const target = "linux-amd64";
const name = `nats-server-v${version}-${target}`;

describe("downloadNatsServer", () => {
  let folder: string;
  let files: Map<string, Buffer | string>;
  let baseUrl: string;
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? "");
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollyard-release-"));
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "nats-server"), "a server");
    execFileSync("tar", ["-czf", join(folder, "release.tar.gz"), "-C", folder, name]);
    rmSync(join(folder, name), { recursive: true });
    const archive = readFileSync(join(folder, "release.tar.gz"));
    const sum = createHash("sha256").update(archive).digest("hex");
    files = new Map<string, Buffer | string>([
      [`/v${version}/SHA256SUMS`, `${sum}  ${name}.tar.gz\n`],
      [`/v${version}/${name}.tar.gz`, archive],
    ]);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  it("unpacks an archive that matches its checksum", async () => {
    const path = await downloadNatsServer({ version, target, folder, baseUrl });
    expect(readFileSync(path, "utf8")).toBe("a server");
  });

  it("refuses an archive that does not match", async () => {
    files.set(`/v${version}/${name}.tar.gz`, "something else");
    await expect(downloadNatsServer({ version, target, folder, baseUrl })).rejects.toThrow(
      "does not match its checksum",
    );
  });

  it("says which address answered what", async () => {
    files.delete(`/v${version}/SHA256SUMS`);
    await expect(downloadNatsServer({ version, target, folder, baseUrl })).rejects.toThrow(
      "SHA256SUMS answered 404",
    );
  });
});

describe("checksumOf", () => {
  it("reads both marks of sha256sum, and answers null for a file that is not listed", () => {
    expect(checksumOf("aa  one.tar.gz\nbb *two.tar.gz\n", "two.tar.gz")).toBe("bb");
    expect(checksumOf("aa  one.tar.gz\n", "three.tar.gz")).toBeNull();
  });
});

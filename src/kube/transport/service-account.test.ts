import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../lib/clock.ts";
import { serviceAccountCredentials } from "./service-account.ts";

describe("serviceAccountCredentials", () => {
  let folder = "";
  let nowMs = 0;
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => undefined };
  const put = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

  beforeEach(async () => {
    nowMs = 0;
    folder = await mkdtemp(join(tmpdir(), "rollyard-account-"));
    await put("ca.crt", "CA");
    await put("namespace", "rollyard\n");
    await put("token", "first\n");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("reads a new token within a minute, and at once when the old one was refused", async () => {
    const credentials = await serviceAccountCredentials({ host: "10.0.0.1", port: "443", folder }, clock);
    await put("token", "second\n");
    nowMs = 59_999;
    expect(await credentials.authorization()).toBe("Bearer first");
    nowMs = 60_000;
    expect(await credentials.authorization()).toBe("Bearer second");
    await put("token", "third\n");
    credentials.forget();
    expect(await credentials.authorization()).toBe("Bearer third");
  });

  it("knows the server, its certificates and the namespace", async () => {
    const credentials = await serviceAccountCredentials({ host: "fd00::1", port: "6443", folder }, clock);
    expect(credentials).toMatchObject({
      server: "https://[fd00::1]:6443",
      tls: { ca: "CA" },
      namespace: "rollyard",
    });
  });
});

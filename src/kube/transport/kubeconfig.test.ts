import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../lib/clock.ts";
import { kubeconfigCredentials } from "./kubeconfig.ts";

describe("kubeconfigCredentials", () => {
  let folder = "";
  let nowMs = 0;
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => undefined };
  const put = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const config = (user: object, cluster: object = {}): Promise<string> =>
    put(
      "config",
      JSON.stringify({
        clusters: [
          { name: "other", cluster: { server: "https://other" } },
          { name: "c", cluster: { server: "https://10.0.0.1:6443/", ...cluster } },
        ],
        users: [
          { name: "other", user: { token: "wrong" } },
          { name: "u", user },
        ],
        contexts: [{ name: "now", context: { cluster: "c", user: "u", namespace: "team" } }],
        "current-context": "now",
      }),
    );

  beforeEach(async () => {
    nowMs = 0;
    folder = await mkdtemp(join(tmpdir(), "rollyard-kubeconfig-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("reads certificates beside the file and within it, and the namespace", async () => {
    await put("ca.pem", "CA");
    const client = { "client-certificate-data": btoa("CERT"), "client-key-data": btoa("KEY") };
    const cluster = { "certificate-authority": "ca.pem", "tls-server-name": "kubernetes" };
    const credentials = await kubeconfigCredentials(await config(client, cluster), { clock });
    expect(credentials).toMatchObject({ server: "https://10.0.0.1:6443", namespace: "team" });
    expect(credentials.tls).toEqual({ ca: "CA", cert: "CERT", key: "KEY", servername: "kubernetes" });
    expect(await credentials.authorization()).toBeUndefined();
  });

  it("signs in by token, or by name and password", async () => {
    const byToken = await kubeconfigCredentials(await config({ token: "abc" }), { clock });
    expect(await byToken.authorization()).toBe("Bearer abc");
    const byName = await kubeconfigCredentials(await config({ username: "me", password: "pw" }), { clock });
    expect(await byName.authorization()).toBe(`Basic ${btoa("me:pw")}`);
  });

  it("reads a token's file again within a minute, and at once when the old one was refused", async () => {
    await put("token", "first\n");
    const credentials = await kubeconfigCredentials(await config({ tokenFile: "token" }), { clock });
    await put("token", "second\n");
    nowMs = 59_999;
    expect(await credentials.authorization()).toBe("Bearer first");
    nowMs = 60_000;
    expect(await credentials.authorization()).toBe("Bearer second");
    await put("token", "third\n");
    credentials.forget();
    expect(await credentials.authorization()).toBe("Bearer third");
  });

  it("verifies the server unless it is told not to", async () => {
    const lax = await kubeconfigCredentials(await config({}, { "insecure-skip-tls-verify": true }), {
      clock,
    });
    expect(lax.tls).toEqual({ rejectUnauthorized: false });
  });

  it("asks a sign-in plugin for the token", async () => {
    const plugin = await put(
      "plugin.mjs",
      `console.log(JSON.stringify({
        apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: { token: "made" } }))`,
    );
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: [plugin],
      interactiveMode: "Never",
    };
    const credentials = await kubeconfigCredentials(await config({ exec }), { clock });
    expect(credentials).toMatchObject({ server: "https://10.0.0.1:6443", namespace: "team" });
    expect(await credentials.authorization()).toBe("Bearer made");
  });

  it("says what is wrong with the file", async () => {
    const missing = join(folder, "none");
    await expect(kubeconfigCredentials(missing, { clock })).rejects.toMatchObject({
      code: "kube_credentials",
    });
    const empty = await put("empty", "{}");
    await expect(kubeconfigCredentials(empty, { clock })).rejects.toThrow(
      `${empty} can't be used: it has no current context.`,
    );
  });
});

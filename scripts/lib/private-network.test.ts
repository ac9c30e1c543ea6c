import { execFileSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inPrivateNetwork, NODE_ADDRESS, whyNoPrivateNetwork } from "./private-network.mjs";

describe("a private network", () => {
  it("has loopback, the node's address and no route out", async ({ skip }) => {
    const missing = await whyNoPrivateNetwork();
    if (missing !== null) skip(missing);
    const look = "readlink /proc/self/ns/net; ip -brief address; ip route";
    const { command, args } = inPrivateNetwork("sh", ["-c", look]);
    const [namespace, ...lines] = execFileSync(command, args, { encoding: "utf8" }).trimEnd().split("\n");
    expect(namespace).not.toBe(readlinkSync("/proc/self/ns/net"));
    expect(lines).toEqual([expect.stringMatching(`^lo .*127\\.0\\.0\\.1/8 .*${NODE_ADDRESS}/32`)]);
  });

  it("can't be had without its programs, which are named", async ({ skip }) => {
    if (process.platform !== "linux" || process.getuid?.() !== 0) skip("only root on Linux gets that far");
    expect(await whyNoPrivateNetwork({ PATH: "" })).toBe("unshare is not installed (Debian: util-linux)");
  });
});

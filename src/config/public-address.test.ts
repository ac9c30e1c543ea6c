import { describe, expect, it } from "vitest";
import { publicAddressRule } from "./public-address.ts";

describe("an address of the internet", () => {
  const isPublic = publicAddressRule(["8.8.0.0/16", "2606:4700::/32"]);

  it.each(["1.1.1.1", "2a00:1450::1", "::ffff:1.1.1.1"])("is %s", (address) => {
    expect(isPublic(address)).toBe(true);
  });

  it.each([
    ["loopback", "127.0.0.1"],
    ["loopback", "::1"],
    ["unspecified, which is loopback too", "0.0.0.0"],
    ["private", "10.0.0.1"],
    ["private", "172.31.255.255"],
    ["private", "192.168.1.1"],
    ["private", "fd00::1"],
    ["shared", "100.64.0.1"],
    ["metadata", "169.254.169.254"],
    ["link-local", "fe80::1"],
    ["a private one inside of another family", "::ffff:10.0.0.1"],
    ["a private one behind a translator", "64:ff9b::a00:1"],
    ["of a tunnel", "2002:a00:1::"],
    ["named as blocked", "8.8.8.8"],
    ["named as blocked", "2606:4700::1"],
    ["none", "example"],
  ])("is not one that is %s: %s", (_why, address) => {
    expect(isPublic(address)).toBe(false);
  });
});

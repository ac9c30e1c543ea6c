import { describe, expect, it } from "vitest";
import { sandboxSpecSchema } from "../../environment/sandbox-spec.ts";
import { gvisorBundle } from "./gvisor-bundle.ts";

const PLACE = {
  root: "/box",
  workdir: "/box/workdir",
  socketFolder: "/box/s",
  sandboxd: "/sandboxd",
  venv: null,
};
const ROOT = {
  entries: [{ kind: "link", path: "/bin", target: "usr/bin" }],
  etc: ["services"],
  resolvConf: "/run/resolv.conf",
} as const;

const bundleOf = (fields: object = {}) =>
  gvisorBundle(
    { sandboxUid: "u", spec: sandboxSpecSchema.parse(fields), localFolder: null, publicKeys: [] },
    PLACE,
    { root: ROOT, command: ["sandboxd"] },
  ) as {
    readonly process: { readonly args: readonly string[]; readonly capabilities: object };
    readonly mounts: readonly {
      readonly destination: string;
      readonly source: string;
      readonly options?: readonly string[];
    }[];
  };

describe("the bundle of a gVisor sandbox", () => {
  it("starts sandboxd as the spec's user, with no capability that is left after that", () => {
    const { process } = bundleOf({ runAsUser: 1234 });
    expect(process.args).toEqual([
      ...["/usr/bin/unshare", "--user", "--map-user=1234", "--map-group=1234", "--"],
      "sandboxd",
    ]);
    expect(process.capabilities).toEqual({
      bounding: ["CAP_SETFCAP"],
      effective: ["CAP_SETFCAP"],
      permitted: ["CAP_SETFCAP"],
    });
  });

  it("lets nothing of this machine be written but the workdir and the socket's folder", () => {
    const writable = bundleOf().mounts.filter(({ options }) => options?.includes("rw"));
    expect(writable.map(({ destination, source }) => [destination, source])).toEqual([
      ["/.rollyard/run", "/box/s"],
      ["/workspace", "/box/workdir"],
    ]);
  });

  it("has the machine's name servers only where the network is open", () => {
    const names = (network: string) =>
      bundleOf({ network }).mounts.filter(({ destination }) => destination === "/etc/resolv.conf");
    expect(names("none")).toEqual([]);
    expect(names("open")).toMatchObject([{ source: "/run/resolv.conf" }]);
  });

  it("refuses a workdir that is a part of the system", () => {
    expect(() => bundleOf({ workdir: "/usr/lib" })).toThrow("a folder of its own");
  });
});

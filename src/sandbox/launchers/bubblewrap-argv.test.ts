import { describe, expect, it } from "vitest";
import { sandboxSpecSchema } from "../../environment/sandbox-spec.ts";
import { bubblewrapArgv } from "./bubblewrap-argv.ts";

const root = {
  entries: [
    { kind: "link", path: "/bin", target: "usr/bin" },
    { kind: "folder", path: "/lib" },
  ],
  etc: ["ssl/certs"],
  resolvConf: "/run/resolv.conf",
} as const;
const place = { bwrap: "bwrap", sandboxd: "/s/sandboxd", workdir: "/b/w", etc: "/b/etc", venv: null };

function argv(
  fields: Readonly<Record<string, unknown>>,
  features = { size: true, disableUserns: true },
): string {
  const spec = sandboxSpecSchema.parse(fields);
  const request = { sandboxUid: "u", spec, localFolder: null, publicKeys: [] };
  return bubblewrapArgv(request, place, { root, features }).join(" ");
}

describe("bubblewrapArgv", () => {
  it("makes every namespace new, and shares the network only when it is open", () => {
    expect(argv({})).toContain("--unshare-all");
    expect(argv({})).not.toContain("--share-net");
    expect(argv({})).not.toContain("resolv.conf");
    expect(argv({ network: "open" })).toContain("--share-net");
    expect(argv({ network: "open" })).toContain("--ro-bind /run/resolv.conf /etc/resolv.conf");
  });

  it("binds nothing of this machine writable but the workdir", () => {
    const parts = argv({}).split(" ");
    const writable = parts.flatMap((part, index) => (part === "--bind" ? [parts[index + 1]] : []));
    expect(writable).toEqual(["/b/w"]);
    expect(argv({})).toContain("--ro-bind /usr /usr --symlink usr/bin /bin --ro-bind /lib /lib");
  });

  it("says only what the installed bubblewrap understands", () => {
    const old = argv({}, { size: false, disableUserns: false });
    expect(old).not.toContain("--size");
    expect(old).not.toContain("--disable-userns");
  });

  it("bounds /tmp and home by the memory limit", () => {
    const text = argv({ resources: { requests: { memory: "1Mi" }, limits: { memory: "64Mi" } } });
    expect(text).toContain("--size 67108864 --perms 1777 --tmpfs /tmp");
  });

  it.each(["/", "/usr", "/usr/share/x", "/etc", "/proc/1", "/a/../dev"])(
    "refuses the workdir %s",
    (workdir) => {
      expect(() => argv({ workdir })).toThrow(expect.objectContaining({ code: "bad_input" }));
    },
  );

  it.each(["/workspace", "/home/agent/x", "/tmp/w", "/usrlocal"])("takes the workdir %s", (workdir) => {
    expect(argv({ workdir })).toContain(`--bind /b/w ${workdir}`);
  });
});

import { describe, expect, it } from "vitest";
import { sandboxSpecSchema } from "../../environment/sandbox-spec.ts";
import { dockerRunArgv } from "./docker-argv.ts";

const place = { name: "n", launcherId: "l", sandboxd: "/s/sandboxd", socketFolder: "/b/u" };

function argv(fields: Readonly<Record<string, unknown>> = {}): string {
  const spec = sandboxSpecSchema.parse({ image: "img:1", ...fields });
  return dockerRunArgv({ sandboxUid: "u", spec, localFolder: null, publicKeys: [] }, place).join(" ");
}

describe("dockerRunArgv", () => {
  it("takes network, capabilities and privileges away, and sets the limits of the spec", () => {
    const text = argv({ resources: { limits: { memory: "512Mi", cpu: "500m" } }, pidsLimit: 99 });
    expect(text).toContain("--network none --user 1000:1000");
    expect(text).toContain("--cap-drop ALL --security-opt no-new-privileges --pids-limit 99");
    expect(text).toContain("--memory 536870912 --memory-swap 536870912 --cpus 0.5");
  });

  it("mounts sandboxd read-only and sets no limit that all containers would share", () => {
    expect(argv()).toContain(
      '--mount "type=bind","source=/s/sandboxd","target=/.rollyard/sandboxd","readonly"',
    );
    expect(argv()).toContain("--max-processes 0");
  });

  it("gives a network, pulls and locks the root only as the spec says", () => {
    expect(argv({ network: "open" })).toContain("--network bridge");
    expect(argv()).toContain("--pull missing");
    expect(argv({ imagePullPolicy: "Never" })).toContain("--pull never");
    expect(argv()).not.toContain("--read-only");
    expect(argv({ readOnlyRoot: true })).toContain("--read-only --tmpfs /tmp");
  });
});

import { describe, expect, it } from "vitest";
import { diagnoseInstallation } from "./diagnose-installation.ts";
import type { InstallationFacts, InstalledService } from "./diagnose-installation.ts";

const service = (name: string, more: Partial<InstalledService> = {}): InstalledService => ({
  name,
  release: "rollyard",
  version: "0.4.1",
  imageTag: "0.4.1",
  rollout: "done",
  ...more,
});

function told(more: Partial<InstallationFacts>) {
  const services = [service("controller"), service("worker")];
  const facts = { namespace: "rollyard-system", commandLine: "0.4.1", services, crds: null, ...more };
  return diagnoseInstallation(facts).map(({ isProblem, code, text, action }) => [
    isProblem,
    code,
    action ?? text,
  ]);
}

describe("diagnoseInstallation", () => {
  it("names the version that the cluster and the command line have", () => {
    const crds = [{ name: "environments.rollyard.dev", version: "0.4.1" }];
    const both = "Rollyard 0.4.1 is installed in rollyard-system, and this command line is of that version.";
    expect(told({ crds })).toEqual([[false, "versions", both]]);
  });

  it("says who is older, and bears a difference of fixes and what is no version", () => {
    const verdicts = ["0.4.9", "0.4.2-rc.1", "unknown", "0.3.0", "1.0.0", "0.6.0"].map(
      (commandLine) => told({ commandLine })[0],
    );
    expect(verdicts).toEqual([
      [false, "versions", expect.stringContaining("this command line is 0.4.9: they differ by fixes alone")],
      [false, "versions", expect.stringContaining("fixes alone")],
      [false, "versions", expect.stringContaining("can't be told")],
      [true, "command_line_older", "Install the command line of 0.4.1."],
      [true, "cluster_older", "Upgrade the chart to 1.0.0, or use the command line of 0.4.1."],
      [true, "cluster_older", "Upgrade the chart to 0.6.0, or use the command line of 0.4.1."],
    ]);
  });

  it("compares numbers as numbers", () => {
    expect(told({ services: [service("worker", { version: "0.10.0", imageTag: null })] })[0]).toEqual([
      true,
      "command_line_older",
      "Install the command line of 0.10.0.",
    ]);
  });

  it("names the step between where the chart refuses the whole one", () => {
    expect(told({ commandLine: "0.7.0" })[0]?.[2]).toContain("Upgrade the chart to 0.6 first");
  });

  it("names services of different versions, and each release by itself", () => {
    const other = service("other-worker", { release: "other", version: "0.5.0", imageTag: null });
    const services = [service("controller"), service("worker", { version: "0.5.0" }), other];
    const [mixed, second, ...more] = diagnoseInstallation({
      namespace: "ns",
      commandLine: "0.5.0",
      services,
      crds: null,
    });
    expect(mixed).toMatchObject({
      isProblem: true,
      code: "versions_mixed",
      text: "An upgrade of Rollyard in ns is under way or stuck: controller of 0.4.1, worker of 0.5.0.",
      action: expect.stringContaining("helm status rollyard -n ns"),
    });
    expect([second?.code, second?.isProblem, more]).toEqual(["versions", false, []]);
  });

  it("tells CRDs that are older or newer than the services", () => {
    const crds = [
      { name: "environments.rollyard.dev", version: "0.3.0" },
      { name: "rolloutjobs.rollyard.dev", version: "0.5.0" },
    ];
    expect(told({ crds }).slice(1)).toEqual([
      [true, "crds_older", expect.stringContaining("crds.enabled")],
      [
        true,
        "crds_newer",
        "Upgrade the release rollyard in rollyard-system too, with the chart of that version.",
      ],
    ]);
  });

  it("mentions images of another version than the chart's, but no tag that is none", () => {
    const services = [
      service("controller", { imageTag: "0.3.0" }),
      service("worker", { imageTag: "dirty-4f2a" }),
    ];
    expect(told({ services }).slice(1)).toEqual([
      [
        false,
        "image_tag",
        expect.stringContaining("The chart is 0.4.1, and images with the tag 0.3.0 run as controller."),
      ],
    ]);
  });

  it("tells pods that are being replaced from those that never get ready", () => {
    const services = [
      service("controller", { rollout: "under_way" }),
      service("worker", { rollout: "stuck" }),
    ];
    expect(told({ services }).slice(1)).toEqual([
      [true, "rollout_stuck", expect.stringContaining("rollout status deployment/worker")],
      [false, "rollout", expect.stringContaining("Pods of controller")],
    ]);
  });
});

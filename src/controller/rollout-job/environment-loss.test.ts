import { describe, expect, it } from "vitest";
import type { EnvironmentSight } from "../environment/ready-environment.ts";
import { EnvironmentLoss } from "./environment-loss.ts";

const RECORD = { environmentUid: "0123456789ab", environmentName: "tools" };
const ready = (uid: string) => ({ kind: "ready", environment: { uid } }) as EnvironmentSight;
const MISSING: EnvironmentSight = { kind: "missing" };

describe("a job whose Environment is removed by force", () => {
  it.each([
    ["nobody took its name", MISSING],
    ["another one has its name", ready("ba9876543210")],
  ])("ends and says so, once it has been gone for a while: %s", (_, sight) => {
    const loss = new EnvironmentLoss();
    expect(loss.endOf(sight, RECORD, 5_000)).toBeNull();
    expect(loss.endOf(sight, RECORD, 14_999)).toBeNull();
    expect(loss.endOf(sight, RECORD, 15_000)).toMatchObject({ condition: "Failed", reason: "ConfigError" });
  });

  it.each([
    ["is there", ready(RECORD.environmentUid)],
    ["has a spec that can't be used", { kind: "invalid", message: "spec.x" } as const],
  ])("goes on when it %s", (_, sight) => {
    const loss = new EnvironmentLoss();
    expect(loss.endOf(MISSING, RECORD, 0)).toBeNull();
    expect(loss.endOf(sight, RECORD, 9_000)).toBeNull();
    expect(loss.endOf(MISSING, RECORD, 18_000)).toBeNull();
  });
});

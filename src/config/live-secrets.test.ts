import { describe, expect, it } from "vitest";
import type { Clock } from "../lib/clock.ts";
import { Secret } from "../lib/secret.ts";
import { LiveSecrets } from "./live-secrets.ts";
import { SecretStore } from "./secret-store.ts";

const REF = { name: "model", key: "key" };

async function opened(isEmpty = false) {
  let nowMs = 0;
  let reads = 0;
  let answer: () => Promise<string> = () => Promise.resolve(`value-${reads}`);
  const sleeps: (() => void)[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: () => new Promise((resolve) => sleeps.push(resolve)),
  };
  const read = async (): Promise<SecretStore> => {
    reads += 1;
    const value = await answer();
    return new SecretStore(isEmpty ? [] : [["model/key", new Secret(value)]]);
  };
  const secrets = await LiveSecrets.open(read, clock);
  return {
    secrets,
    value: () => secrets.current.get(REF)?.reveal(),
    reads: () => reads,
    at: (ms: number) => void (nowMs = ms),
    answerWith: (next: () => Promise<string>) => void (answer = next),
    giveUp: () => sleeps.forEach((wake) => wake()),
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("secrets", () => {
  it("are read anew once they are a minute old, while the old ones are used", async () => {
    const world = await opened();
    world.at(59_999);
    world.secrets.touch();
    expect(world.reads()).toBe(1);
    world.at(60_000);
    world.secrets.touch();
    expect(world.value()).toBe("value-1");
    await settled();
    expect(world.value()).toBe("value-2");
    world.secrets.touch();
    expect(world.reads()).toBe(2);
  });

  it("are read anew when one was refused, once for all who were", async () => {
    const world = await opened();
    await Promise.all(Array.from({ length: 100 }, () => world.secrets.refused()));
    expect([world.value(), world.reads()]).toEqual(["value-2", 2]);
  });

  it("stay as they are when no others are to be had", async () => {
    const world = await opened();
    world.answerWith(() => Promise.reject(new Error("away")));
    await world.secrets.refused();
    expect(world.value()).toBe("value-1");
    world.answerWith(() => new Promise(() => undefined));
    const waiting = world.secrets.refused();
    await settled();
    world.giveUp();
    await waiting;
    expect(world.value()).toBe("value-1");
  });

  it("are asked for no more where there are none", async () => {
    const world = await opened(true);
    world.at(600_000);
    world.secrets.touch();
    await world.secrets.refused();
    expect(world.reads()).toBe(1);
  });
});

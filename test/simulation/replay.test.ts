import { describe, expect, it } from "vitest";
import { ReplayWorld } from "../support/rollout/replay-world.ts";
import type { WorldWorker } from "../support/rollout/replay-world.ts";
import type { ScriptedCall } from "../support/rollout/scripted-model.ts";
import type { AttemptState } from "../../src/rollout/state.ts";

const append = (line: string): ScriptedCall => ({ name: "shell", arguments: { command: `append ${line}` } });
const noise: ScriptedCall = { name: "shell", arguments: { command: "noise" } };
const readNotes: ScriptedCall = { name: "read_file", arguments: { path: "notes" } };

/** The call of a turn and index, as the sandbox knows it. */
const id = (turn: number, index = 0): string => `0123456789ab-0-0/0/${turn}/${index}`;

const outputs = (attempt: AttemptState): readonly (string | undefined)[] =>
  attempt.turns.flatMap(({ calls }) => calls.map(({ returned }) => returned?.output));

const answered = { kind: "stopped", reason: "answered" };

/** A world whose first sandbox dies when it begins the call. */
function losesAt(callId: string, options: ConstructorParameters<typeof ReplayWorld>[0]): ReplayWorld {
  const world = new ReplayWorld(options);
  world.onBox = (box, index) => {
    if (index === 0) box.onRun = (ran) => ran === callId && world.lose(box);
  };
  return world;
}

describe("an attempt whose sandbox is lost", () => {
  const turns = [[append("one"), readNotes], [append("two"), append("three")], [append("four")]];

  it("gets its state back in a new one, turn by turn, and samples nothing again", async () => {
    const world = losesAt(id(2), { turns });
    world.addWorker("a");
    const attempt = await world.run();
    expect(attempt.seal).toMatchObject(answered);
    expect(attempt.sandboxes.map(({ generation }) => generation)).toEqual([0, 1]);
    expect(attempt.replay).toEqual({ nextTurn: 3, endTurn: 3, calls: 4 });
    expect(outputs(attempt).at(-1)).toBe("one\ntwo\nthree\nfour\n");
    expect(world.boxes[1]?.ran).toEqual([id(0), id(1, 0), id(1, 1), id(2)]);
    expect(world.model.sampled).toEqual([0, 1, 2, 3]);
    const fields = { item: 0, sample: 0, attempt: 0, generation: 1, calls: 4 };
    expect(world.replaced).toEqual({ count: 1, fields: [fields] });
  });

  it("spends none of the agent's time on it", async () => {
    const world = losesAt(id(2), { turns });
    const quiet = new ReplayWorld({ turns });
    for (const each of [world, quiet]) each.addWorker("a");
    const [lost, kept] = [await world.run(), await quiet.run()];
    expect(lost.turns.map(({ calls }) => calls.map(({ returned }) => returned?.durationMs))).toEqual(
      kept.turns.map(({ calls }) => calls.map(({ returned }) => returned?.durationMs)),
    );
  });

  it("runs a turn's open calls for the first time after those that had returned", async () => {
    const world = losesAt(id(0, 1), { turns: [[append("one"), append("two")]] });
    world.addWorker("a");
    const attempt = await world.run();
    expect(attempt.seal).toMatchObject(answered);
    expect(world.boxes[1]?.ran.toSorted()).toEqual([id(0, 0), id(0, 1)]);
    expect(world.model.sampled).toEqual([0, 1]);
  });

  it("fails when a call has another output, naming turn, index and tool", async () => {
    const world = losesAt(id(2), { turns: [[append("one")], [append("two"), noise], [append("three")]] });
    world.addWorker("a");
    const attempt = await world.run();
    expect(attempt.seal).toMatchObject({
      kind: "failed",
      failure: {
        failureClass: "sandbox",
        code: "replay_diverged",
        evidence: { turn: "1", index: "1", tool: "shell", outputs: "different" },
      },
    });
    expect(world.boxes[1]?.ran).not.toContain(id(2));
  });

  it("goes on when a mask covers all that differs", async () => {
    const options = { turns: [[noise], [append("two")]], ignore: ["box\\d+"] };
    const world = losesAt(id(1), options);
    world.addWorker("a");
    expect((await world.run()).seal).toMatchObject(answered);
  });

  it("fails where recovery is restart", async () => {
    const world = losesAt(id(2), { turns, mode: "restart" });
    world.addWorker("a");
    expect((await world.run()).seal).toMatchObject({ kind: "failed", failure: { code: "sandbox_lost" } });
    expect(world.launcher.starts).toBe(1);
  });

  it("goes on after three losses, and fails at the fourth", async () => {
    for (const [losses, seal] of [
      [3, answered],
      [4, { kind: "failed", failure: { code: "sandbox_lost" } }],
    ] as const) {
      const world = new ReplayWorld({ turns });
      world.onBox = (box, index) => {
        // Every other one dies in the middle of the replay.
        const callId = index % 2 === 0 ? id(2) : id(1);
        if (index < losses) box.onRun = (ran) => ran === callId && world.lose(box);
      };
      world.addWorker("a");
      expect((await world.run()).seal).toMatchObject(seal);
      expect(world.launcher.starts).toBe(4);
      expect(world.model.sampled).toEqual(losses === 3 ? [0, 1, 2, 3] : [0, 1, 2]);
    }
  });
});

describe("a driver that takes over an attempt whose sandbox is lost", () => {
  it("goes on behind the turns that its predecessor had replayed", async () => {
    const turns = [[append("one")], [readNotes], [append("two")], [append("three")]];
    const world = losesAt(id(3), { turns });
    const first = world.addWorker("a");
    const lost = world.onBox;
    world.onBox = (box, index) => {
      lost(box, index);
      // The file that turn 1 read has another content from here on.
      if (index === 1) box.onRun = (ran) => ran === id(2) && takeOver(world, first);
    };
    const attempt = await world.run();
    expect(attempt.seal).toMatchObject(answered);
    expect(outputs(attempt)).toEqual(["one\n", "one\n", "one\ntwo\n", "one\ntwo\nthree\n"]);
    expect(world.boxes[1]?.ran).toEqual([id(0), id(2), id(3)]);
    expect(world.boxes).toHaveLength(2);
    expect(world.model.sampled).toEqual([0, 1, 2, 3, 4]);
  });

  it("gets the new sandbox that its predecessor could not record", async () => {
    const world = losesAt(id(1), { turns: [[append("one")], [append("two")]] });
    const first = world.addWorker("a");
    let taken = false;
    world.onLease = async (generation) => {
      if (generation === 0 || taken) return;
      taken = true;
      takeOver(world, first);
      await new Promise(() => undefined);
    };
    const attempt = await world.run();
    expect(attempt.seal).toMatchObject(answered);
    expect(attempt.sandboxes.map(({ generation }) => generation)).toEqual([0, 1]);
    expect(world.launcher.starts).toBe(2);
  });

  it("claims a new one by itself, and replays only when a call needs it", async () => {
    const world = new ReplayWorld({ turns: [[append("one")]] });
    const first = world.addWorker("a");
    loseWhileSampling(world, first, 1);
    const attempt = await world.run();
    expect(attempt.seal).toMatchObject(answered);
    expect(attempt.sandboxes.map(({ generation }) => generation)).toEqual([0, 1]);
    expect(world.boxes[1]?.ran).toEqual([]);
  });

  it("says on record that an answer came from the store of a sandbox that lives on", async () => {
    const world = new ReplayWorld({ turns: [[append("one")], [append("two")]] });
    const first = world.addWorker("a");
    world.onBox = (box) => {
      box.onRun = (ran) => ran === id(0) && takeOver(world, first);
    };
    const attempt = await world.run();
    expect(attempt.seal).toMatchObject(answered);
    const calls = attempt.turns.flatMap((turn) => turn.calls);
    expect(calls.map(({ returned }) => returned?.replayed)).toEqual([true, false]);
    expect(world.boxes[0]?.ran).toEqual([id(0), id(1)]);
  });

  it("brings the new one to the state that grading will read", async () => {
    const world = new ReplayWorld({ turns: [[append("one")]], gradingNeedsSandbox: true });
    const first = world.addWorker("a");
    loseWhileSampling(world, first, 1);
    const attempt = await world.run();
    expect(attempt.seal).toMatchObject(answered);
    expect(world.boxes[1]).toMatchObject({ notes: "one\n", isFrozen: true });
  });
});

describe("a drain in the middle of a replay", () => {
  it("hands the attempt over behind the turn that was just replayed", async () => {
    const world = losesAt(id(2), { turns: [[append("one")], [append("two")], [append("three")]] });
    const first = world.addWorker("a");
    const lost = world.onBox;
    world.onBox = (box, index) => {
      lost(box, index);
      if (index !== 1) return;
      box.onRun = (ran) => {
        if (ran !== id(0)) return;
        void first.worker.drain();
        world.addWorker("b");
      };
    };
    const startedMs = world.clock.nowMs();
    const attempt = await world.run();
    expect(attempt.seal).toMatchObject(answered);
    expect(attempt.driver?.id).toBe("b");
    expect(world.boxes[1]?.ran).toEqual([id(0), id(1), id(2)]);
    // Nobody waited for a timeout.
    expect(world.clock.nowMs() - startedMs).toBeLessThan(5000);
  });
});

/** Driver and sandbox end together in the middle of a model call, after all before it is on record. */
function loseWhileSampling(world: ReplayWorld, first: WorldWorker, turn: number): void {
  let isDone = false;
  world.model.onSample = (sampling) => {
    if (sampling !== turn || isDone) return;
    isDone = true;
    void world.clock.sleep(100).then(() => {
      for (const box of world.boxes) world.lose(box);
      takeOver(world, first);
    });
  };
}

function takeOver(world: ReplayWorld, first: WorldWorker): void {
  first.kill();
  world.addWorker("b");
}

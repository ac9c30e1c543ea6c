import { expect, it } from "vitest";
import { BodyRoom } from "./body-room.ts";

const KIB = 1024;
const never = new AbortController().signal;

/** Names of the requests that got room, in order, and how each gives it back. */
function entered(room: BodyRoom) {
  const names: string[] = [];
  const leave = new Map<string, () => void>();
  const ask = (name: string, kib: number, signal = never): void => {
    void room.take(kib * KIB, signal).then((give) => {
      names.push(give === null ? `${name} gave up` : name);
      if (give !== null) leave.set(name, give);
    });
  };
  return { names, ask, leave: (name: string) => leave.get(name)?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it("lets in what there is room for, and others in their order once there is", async () => {
  const room = new BodyRoom(100 * KIB);
  const { names, ask, leave } = entered(room);
  ask("a", 60);
  ask("b", 60);
  ask("small", 20);
  await turn();
  expect(names).toEqual(["a"]);
  expect(room.waiting).toBe(2);
  leave("a");
  leave("a");
  await turn();
  expect(names).toEqual(["a", "b", "small"]);
  expect(room.taken).toBe(80 * KIB);
});

it("gives a body that is larger than the room all of it, alone", async () => {
  const room = new BodyRoom(100 * KIB);
  const { names, ask, leave } = entered(room);
  ask("small", 20);
  ask("large", 500);
  await turn();
  expect(names).toEqual(["small"]);
  leave("small");
  await turn();
  expect(names).toEqual(["small", "large"]);
  leave("large");
  expect(room.taken).toBe(0);
});

it("counts small bodies as what is made of them", async () => {
  const room = new BodyRoom(16 * KIB);
  const { names, ask } = entered(room);
  for (const name of ["a", "b", "c", "d", "e"]) ask(name, 0);
  await turn();
  expect(names).toEqual(["a", "b", "c", "d"]);
});

it("lets the next in when one that waits gives up", async () => {
  const room = new BodyRoom(100 * KIB);
  const { names, ask } = entered(room);
  const leaving = new AbortController();
  ask("a", 60);
  ask("large", 90, leaving.signal);
  ask("small", 20);
  await turn();
  expect(names).toEqual(["a"]);
  leaving.abort();
  await turn();
  expect(names.toSorted()).toEqual(["a", "large gave up", "small"]);
  ask("late", 1, leaving.signal);
  await turn();
  expect(names.at(-1)).toBe("late gave up");
});

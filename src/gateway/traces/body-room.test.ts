import { expect, it } from "vitest";
import { BodyRoom } from "./body-room.ts";

const KIB = 1024;
const never = new AbortController().signal;

/** Names of the requests that got room, in order, and how each gives it back. The first word of a name is its owner. */
function entered(room: BodyRoom) {
  const names: string[] = [];
  const leave = new Map<string, () => void>();
  const ask = (name: string, kib: number, signal = never): void => {
    const [owner = ""] = name.split(" ");
    void room.take({ owner, bytes: kib * KIB }, signal).then((give) => {
      names.push(give === null ? `${name} gave up` : name);
      if (give !== null) leave.set(name, give);
    });
  };
  return { names, ask, leave: (name: string) => leave.get(name)?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it("lets in what there is room for, and others in their order once there is", async () => {
  const room = new BodyRoom(200 * KIB);
  const { names, ask, leave } = entered(room);
  ask("x a", 60);
  ask("x b", 60);
  ask("x small", 20);
  await turn();
  expect(names).toEqual(["x a"]);
  expect(room.waiting).toBe(2);
  leave("x a");
  leave("x a");
  await turn();
  expect(names).toEqual(["x a", "x b", "x small"]);
  expect(room.taken).toBe(80 * KIB);
});

it("gives a body that is larger than its owner's half all of that, alone", async () => {
  const room = new BodyRoom(200 * KIB);
  const { names, ask, leave } = entered(room);
  ask("x small", 20);
  ask("x large", 500);
  await turn();
  expect(names).toEqual(["x small"]);
  leave("x small");
  await turn();
  expect(names).toEqual(["x small", "x large"]);
  leave("x large");
  expect(room.taken).toBe(0);
});

it("counts small bodies as what is made of them", async () => {
  const room = new BodyRoom(32 * KIB);
  const { names, ask } = entered(room);
  for (const name of ["x a", "x b", "x c", "x d", "x e"]) ask(name, 0);
  await turn();
  expect(names).toEqual(["x a", "x b", "x c", "x d"]);
});

it("lets the next in when one that waits gives up", async () => {
  const room = new BodyRoom(200 * KIB);
  const { names, ask } = entered(room);
  const leaving = new AbortController();
  ask("x a", 60);
  ask("x large", 90, leaving.signal);
  ask("x small", 20);
  await turn();
  expect(names).toEqual(["x a"]);
  leaving.abort();
  await turn();
  expect(names.toSorted()).toEqual(["x a", "x large gave up", "x small"]);
  ask("x late", 1, leaving.signal);
  await turn();
  expect(names.at(-1)).toBe("x late gave up");
});

it("keeps no owner out for the requests of another", async () => {
  const room = new BodyRoom(200 * KIB);
  const { names, ask, leave } = entered(room);
  for (const name of ["x 1", "x 2", "x 3"]) ask(name, 50);
  ask("y 1", 50);
  ask("y 2", 50);
  ask("z 1", 50);
  await turn();
  expect(names).toEqual(["x 1", "x 2", "y 1", "y 2"]);
  leave("x 1");
  await turn();
  expect(names.slice(4)).toEqual(["x 3"]);
  leave("y 1");
  await turn();
  expect(names.slice(5)).toEqual(["z 1"]);
});

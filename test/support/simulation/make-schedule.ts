import { SeededRandom } from "../../../src/lib/seeded-random.ts";
import type { CallPlace, Fault, Part, Schedule, WorldShape } from "./schedule.ts";

/** The schedule of a seed: one to three kinds of trouble, of all there are or of some. */
export function makeSchedule(seed: number, only?: readonly ThemeName[]): Schedule {
  const random = new SeededRandom(seed);
  const shape = makeShape(random);
  const faults = makeFaults(random, shape, only);
  const isOften = only === undefined && random.chance(OFTEN_SHARE);
  return { seed, shape, faults: isOften ? [...faults, ...manyRedeliveries(random)] : faults };
}

/** One to three kinds of trouble for a world of a shape, of all there are or of some. */
export function makeFaults(
  random: SeededRandom,
  shape: WorldShape,
  only?: readonly ThemeName[],
): readonly Fault[] {
  const themes: readonly Theme[] = THEMES.filter(
    ({ name, fits }) => fits(shape) && (only === undefined || only.includes(name)),
  );
  const count = random.skewed(1, 3);
  return Array.from({ length: count }).flatMap(
    () => themes[random.between(0, themes.length - 1)]?.make(random, shape) ?? [],
  );
}

/** Schedules in which work also comes so often that its deliveries alone speak against it. */
const OFTEN_SHARE = 0.05;

function manyRedeliveries(random: SeededRandom): readonly Fault[] {
  const everyMs = random.skewed(20, 2000);
  const fromMs = someTime(random);
  return Array.from({ length: random.between(6, 30) }, (_, index) => {
    return { kind: "redelivery", atMs: fromMs + index * everyMs };
  });
}

function makeShape(random: SeededRandom): WorldShape {
  const items = random.between(1, 2);
  const samplesPerItem = random.between(1, 3);
  const needsSandbox = random.chance(0.8);
  return {
    replicas: random.chance(0.5) ? 1 : 3,
    items,
    samplesPerItem,
    parallelism: random.between(1, items * samplesPerItem),
    workers: random.between(1, 2),
    slots: random.between(1, 4),
    graders: random.skewed(1, 2),
    warmReplicas: random.chance(0.3) ? 1 : 0,
    maxAttempts: random.between(2, 4),
    agentSeconds: random.chance(0.1) ? 1 : 600,
    toolTurns: random.between(0, 3),
    needsSandbox,
    recovery: random.chance(0.4) ? "replay" : "restart",
    gradingNeedsSandbox: needsSandbox && random.chance(0.4),
    grader: random.chance(0.5) ? "endpoint" : "string_check",
  };
}

/** A kind of trouble, and how it is made. */
interface Theme {
  readonly name: string;
  readonly fits: (shape: WorldShape) => boolean;
  readonly make: (random: SeededRandom, shape: WorldShape) => readonly Fault[];
}

const always = (): boolean => true;
const withSandboxes = ({ needsSandbox }: WorldShape): boolean => needsSandbox;

/** Most schedules are over by then. */
const LAST_CALL = 160;
const LAST_MS = 3000;

function many(random: SeededRandom, most: number, make: () => Fault): readonly Fault[] {
  return Array.from({ length: random.skewed(1, most) }, make);
}

function place(random: SeededRandom, part: Part = anyPart(random)): CallPlace {
  return { part, number: random.skewed(1, 3), call: random.skewed(1, LAST_CALL) };
}

function anyPart(random: SeededRandom): Part {
  return random.pick(["worker", "worker", "worker", "grader", "controller"]);
}

const side = (random: SeededRandom): "before" | "after" => (random.chance(0.5) ? "before" : "after");
const someTime = (random: SeededRandom): number => random.skewed(1, LAST_MS);

const THEMES = [
  {
    name: "crash",
    fits: always,
    make: (random) =>
      many(random, 4, () => ({
        kind: "crash",
        ...place(random),
        side: side(random),
        downMs: random.skewed(10, 5000),
      })),
  },
  {
    name: "pause",
    fits: always,
    make: (random) =>
      many(random, 3, () => ({ kind: "pause", ...place(random), forMs: random.skewed(100, 100_000) })),
  },
  {
    name: "cut",
    fits: always,
    make: (random) =>
      many(random, 2, () => ({ kind: "cut", ...place(random), forMs: random.skewed(100, 90_000) })),
  },
  {
    name: "drain",
    fits: always,
    make: (random) =>
      many(random, 3, () => ({ kind: "drain", ...place(random, random.chance(0.7) ? "worker" : "grader") })),
  },
  {
    name: "publish",
    fits: always,
    make: (random) =>
      many(random, 6, () => ({
        kind: "publish",
        nth: random.between(1, 60),
        fault: random.pick([
          "lost_before",
          "lost_after",
          "lost_after",
          "in_flight",
          "full",
          random.between(1, 8000),
        ]),
      })),
  },
  {
    name: "read",
    fits: ({ replicas }) => replicas === 3,
    make: (random) =>
      many(random, 8, () => ({ kind: "read", nth: random.between(1, 40), lagMs: random.between(1, 500) })),
  },
  {
    name: "ack",
    fits: always,
    make: (random) =>
      many(random, 4, () => ({
        kind: "ack",
        nth: random.between(1, 30),
        delayMs: random.chance(0.5) ? "lost" : random.between(1, 70_000),
      })),
  },
  {
    name: "request",
    fits: always,
    make: (random) =>
      many(random, 4, () => ({
        kind: "request",
        nth: random.between(1, 12),
        fault: random.chance(0.5) ? "lost_before" : "lost_after",
      })),
  },
  {
    name: "outage",
    fits: always,
    make: (random) => {
      const [atMs, forMs] = [someTime(random), random.skewed(500, 70_000)];
      return [
        { kind: "outage", atMs, forMs },
        { kind: "redelivery", atMs: atMs + forMs + random.between(0, 200) },
      ];
    },
  },
  {
    name: "redelivery",
    fits: always,
    make: (random) => many(random, 4, () => ({ kind: "redelivery", atMs: someTime(random) })),
  },
  {
    name: "leader",
    fits: ({ replicas }) => replicas === 3,
    make: (random) => many(random, 3, () => ({ kind: "leader", atMs: someTime(random) })),
  },
  {
    name: "full",
    fits: always,
    make: (random) => [{ kind: "full", atMs: someTime(random), forMs: random.skewed(100, 90_000) }],
  },
  {
    name: "void",
    fits: always,
    make: (random) =>
      many(random, 3, () => ({
        kind: "void",
        atMs: someTime(random),
        stream: random.chance(0.6) ? "events" : "outcomes",
      })),
  },
  {
    name: "clock",
    fits: always,
    make: (random) =>
      many(random, 2, () => {
        const part = random.chance(0.5) ? "machine" : anyPart(random);
        const byMs = part === "machine" ? 3_600_000 : random.between(1, 90_000);
        return { kind: "clock", atMs: someTime(random), part, byMs: random.chance(0.5) ? byMs : -byMs };
      }),
  },
  {
    name: "start",
    fits: withSandboxes,
    make: (random) =>
      many(random, 3, () => ({
        kind: "start",
        nth: random.between(1, 6),
        trouble: random.pick(["start_failed", "setup_failed", random.between(1000, 40_000)]),
      })),
  },
  {
    name: "sandbox",
    fits: withSandboxes,
    make: (random) =>
      many(random, 4, () => ({
        kind: "sandbox",
        nth: random.between(1, 20),
        trouble: random.pick(["lost", "killed", "cut", "unanswered"]),
      })),
  },
  {
    name: "model",
    fits: always,
    make: (random) =>
      many(random, 4, () => ({
        kind: "model",
        nth: random.between(1, 20),
        trouble: random.pick([
          "model_rate_limited",
          "model_server_error",
          "model_bad_response",
          "model_connection_lost",
          random.between(500, 50_000),
        ]),
      })),
  },
  {
    name: "endpoint",
    fits: ({ grader }) => grader === "endpoint",
    make: (random) => [
      {
        kind: "endpoint",
        atMs: someTime(random),
        forMs: random.skewed(100, 200_000),
        trouble: random.pick(["refused", "busy", "broken"]),
      },
    ],
  },
  {
    name: "poison",
    fits: always,
    make: (random, { items, samplesPerItem }) =>
      random.chance(0.5)
        ? []
        : [
            {
              kind: "poison",
              rollout: random.between(0, items * samplesPerItem - 1),
              part: random.chance(0.8) ? "worker" : "grader",
            },
          ],
  },
  {
    name: "interrupt",
    fits: always,
    make: (random) => [{ kind: "interrupt", atMs: someTime(random), downMs: random.skewed(10, 5000) }],
  },
  {
    name: "blackout",
    fits: always,
    make: (random) => [{ kind: "blackout", atMs: someTime(random), downMs: random.skewed(10, 5000) }],
  },
  {
    name: "stale_sweep",
    fits: withSandboxes,
    make: (random) =>
      many(random, 3, () => ({
        kind: "stale_sweep",
        nth: random.between(1, 6),
        behindMs: random.skewed(1, 400),
      })),
  },
  {
    name: "in_flight",
    fits: always,
    make: (random) =>
      many(random, 5, () => ({ kind: "publish", nth: random.between(1, 40), fault: "in_flight" })),
  },
  {
    name: "slow_rebuild",
    fits: always,
    make: (random) => {
      const restarts = random.between(1, 4);
      const crashes = Array.from({ length: restarts }, (_, index): Fault => {
        const call = random.between(20, 55);
        const downMs = random.skewed(1, 200);
        return { kind: "crash", part: "controller", number: index + 1, call, side: side(random), downMs };
      });
      // A controller asks five times as it starts; the first is quick.
      const infos = Array.from({ length: restarts * 5 }, (_, index): Fault => {
        return { kind: "slow_info", nth: index + 6, delayMs: random.skewed(1, 1000) };
      });
      return [...crashes, ...infos];
    },
  },
] as const satisfies readonly Theme[];

/** A kind of trouble. */
export type ThemeName = (typeof THEMES)[number]["name"];

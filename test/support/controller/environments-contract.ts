import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReadyEnvironment } from "../../../src/controller/environment/ready-environment.ts";
import type { JobEnvironments } from "../../../src/controller/rollout-job/job-environments.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { eventually } from "../cluster/eventually.ts";
import { PLAIN_ENVIRONMENT } from "./jobs-world.ts";

/** Environments of one namespace, and whoever makes them. */
export interface EnvironmentsStart {
  readonly environments: JobEnvironments;
  readonly namespace: string;
  /** Makes one, or edits its spec. */
  put(name: string, spec: JsonObject): Promise<unknown>;
  /** Deletes one, and does not wait until it has gone. */
  delete(name: string): Promise<unknown>;
  /** Removes one, whoever holds it. */
  remove(name: string): Promise<unknown>;
  close(): Promise<unknown>;
}

const JOB = "0123456789ab";
const OTHER_JOB = "0123456789ac";

/** What the reconciler of RolloutJobs relies on in what it knows of Environments. */
export function describeJobEnvironments(name: string, open: () => Promise<EnvironmentsStart>): void {
  describe(`the Environments that jobs know: ${name}`, () => {
    let world: EnvironmentsStart;

    beforeEach(async () => {
      world = await open();
    });

    afterEach(() => world.close());

    const look = () => world.environments.look(world.namespace, "plain");
    const untilMissing = (): Promise<unknown> => eventually(look, ({ kind }) => kind === "missing");
    const untilReady = async (
      isRight: (environment: ReadyEnvironment) => boolean = () => true,
    ): Promise<ReadyEnvironment> => {
      const sight = await eventually(look, (seen) => seen.kind === "ready" && isRight(seen.environment));
      if (sight.kind !== "ready") throw new TypeError("it was ready");
      return sight.environment;
    };
    const made = async (): Promise<ReadyEnvironment> => {
      await world.put("plain", PLAIN_ENVIRONMENT);
      return untilReady();
    };
    /** What a listener is told from now on. */
    const news = (): readonly string[] => {
      const told: string[] = [];
      world.environments.onChange((namespace, environment) => told.push(`${namespace}/${environment}`));
      return told;
    };

    it("are missing until they are made, and then have their names, their uids and a whole spec", async () => {
      expect(look()).toEqual({ kind: "missing" });
      const { uid, objectUid, namespace, name: own, generation, spec, isTerminating } = await made();
      expect([namespace, own, generation, isTerminating]).toEqual([world.namespace, "plain", 1, false]);
      expect(uid).toMatch(/^[0-9a-f]{12}$/u);
      expect(objectUid.replaceAll("-", "").slice(0, 12)).toBe(uid);
      expect(spec).toMatchObject({ ...PLAIN_ENVIRONMENT, passThreshold: expect.any(Number) });
      expect(world.environments.look("elsewhere", "plain")).toEqual({ kind: "missing" });
    });

    it("stay who they are when they are edited, and are others when they are made anew", async () => {
      const first = await made();
      await world.put("plain", { ...PLAIN_ENVIRONMENT, passThreshold: 0.25 });
      const edited = await untilReady(({ generation }) => generation > 1);
      expect([edited.uid, edited.generation, edited.spec.passThreshold]).toEqual([first.uid, 2, 0.25]);
      await world.remove("plain");
      await untilMissing();
      const second = await made();
      expect(second.uid).not.toBe(first.uid);
      expect(second.generation).toBe(1);
    });

    it("are invalid, with the field and why, while their spec can't be used", async () => {
      const limits = { memory: "1Gi" };
      const resources = { requests: { memory: "2Gi" }, limits };
      await world.put("plain", { ...PLAIN_ENVIRONMENT, sandbox: { image: "none:1", resources } });
      const sight = await eventually(look, ({ kind }) => kind !== "missing");
      expect(sight).toEqual({
        kind: "invalid",
        message: expect.stringContaining("spec.sandbox.resources.requests.memory: must not be more than"),
      });
      await world.put("plain", PLAIN_ENVIRONMENT);
      expect(await untilReady()).toMatchObject({ generation: 2 });
    });

    it("tell that they come, change, begin to go and have gone, and nothing else", async () => {
      const told = news();
      const untilTold = (count: number): Promise<unknown> =>
        eventually(
          () => told,
          ({ length }) => length >= count,
        );
      const { uid } = await made();
      await untilTold(1);
      world.environments.hold(uid, JOB, "job");
      world.environments.holdsAreKnown();
      await world.put("plain", PLAIN_ENVIRONMENT);
      await world.put("plain", { ...PLAIN_ENVIRONMENT, passThreshold: 0.5 });
      await untilTold(2);
      await world.delete("plain");
      await untilTold(3);
      expect(look()).toMatchObject({ kind: "ready", environment: { isTerminating: true } });
      world.environments.letGo(uid, JOB);
      await untilTold(4);
      expect(look()).toEqual({ kind: "missing" });
      expect(told).toEqual(Array.from({ length: 4 }, () => `${world.namespace}/plain`));
    });

    it("go when they are deleted once no job holds them, however often each said so", async () => {
      const { uid } = await made();
      world.environments.holdsAreKnown();
      for (const job of [JOB, JOB, OTHER_JOB]) world.environments.hold(uid, job, "job");
      await world.delete("plain");
      await untilReady(({ isTerminating }) => isTerminating);
      for (const job of [JOB, JOB]) world.environments.letGo(uid, job);
      await world.put("beside", PLAIN_ENVIRONMENT);
      await eventually(
        () => world.environments.look(world.namespace, "beside"),
        ({ kind }) => kind === "ready",
      );
      expect(look()).toMatchObject({ kind: "ready", environment: { isTerminating: true } });
      world.environments.letGo(uid, OTHER_JOB);
      await untilMissing();
    });

    it("that are deleted wait until every running job has said what it holds", async () => {
      await made();
      await world.delete("plain");
      await untilReady(({ isTerminating }) => isTerminating);
      world.environments.holdsAreKnown();
      await untilMissing();
      expect(look()).toEqual({ kind: "missing" });
    });

    it("take the end of an attempt, and a job's leave, though nobody holds anything", async () => {
      const { uid } = await made();
      for (const each of [uid, "ffffffffffff"]) {
        world.environments.release(each, { jobUid: JOB, itemIndex: 0, sampleIndex: 0, attempt: 0 });
        world.environments.letGo(each, JOB);
      }
      expect(await untilReady()).toMatchObject({ uid });
    });
  });
}

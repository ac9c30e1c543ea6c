import { encodeStored } from "../bus/envelope.ts";
import type { Bus, PublishResult } from "../bus/port.ts";
import { workSubject } from "../bus/subjects.ts";
import { storeText } from "../bus/text.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { AssignmentSchema } from "../gen/rollyard/v1/work_pb.ts";
import { inParallel } from "../lib/in-parallel.ts";
import type { JsonObject } from "../lib/json.ts";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import { attemptRef } from "./job-identity.ts";
import type { JobIdentity } from "./job-identity.ts";
import type { JobLedger } from "./job-ledger.ts";
import type { PlannedDispatch } from "./plan-dispatch.ts";
import type { StreamRoom, StreamRoomDeps } from "./stream-room.ts";

/** Assignments that are stored at a time. */
const PARALLEL_STORES = 64;

/** Whose rollouts are dispatched. */
export interface DispatchedJob {
  readonly identity: JobIdentity;
  readonly items: readonly JsonObject[];
  readonly policyVersion: string;
}

/** What dispatching needs of the world. */
export interface DispatcherDeps extends StreamRoomDeps {
  readonly bus: Pick<Bus, "publish" | "read" | "readLast" | "streamState">;
  readonly room: StreamRoom;
}

/**
 * Stores assignments. It waits for nothing: what can't be stored now stays due and is left to the next round, so that
 * whoever plans hears of ends, interrupts and deadlines meanwhile.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #job: DispatchedJob;
  readonly #ledger: JobLedger;

  constructor(deps: DispatcherDeps, job: DispatchedJob, ledger: JobLedger) {
    this.#deps = deps;
    this.#job = job;
    this.#ledger = ledger;
  }

  /**
   * Stores what is planned, in order, until the bus takes no more, does not answer, or `isOver` says so. Rejects with
   * `bus_unavailable`.
   */
  async dispatch(planned: readonly PlannedDispatch[], isOver: () => boolean): Promise<void> {
    let goesOn = true;
    await inParallel(planned, PARALLEL_STORES, async (next) => {
      if (!goesOn || isOver()) return;
      try {
        if (!(await this.#assign(next))) goesOn = false;
      } catch (error) {
        goesOn = false;
        throw error;
      }
    });
  }

  /** False when the others had better wait too. */
  async #assign({ place, attempt, outcomeAfter }: PlannedDispatch): Promise<boolean> {
    const { identity, items } = this.#job;
    const ref = attemptRef(identity, place, attempt);
    const payload = await this.#payload(ref, items[place.itemIndex] ?? null, outcomeAfter);
    if (payload === null || !this.#deps.room.takeWork(payload.length)) return false;
    const result = await this.#deps.bus.publish({ subject: workSubject("rollout", ref, attempt), payload });
    return this.#isStored(result, () => this.#ledger.dispatched(place, attempt));
  }

  /** Null when the blobs have no room for the item. */
  async #payload(ref: AttemptRef, item: JsonObject | null, outcomeAfter: number): Promise<Uint8Array | null> {
    const { bus, room, clock } = this.#deps;
    try {
      const itemJson = await storeText(bus, ref.jobUid, JSON.stringify(item));
      if (itemJson.place.case === "blob") room.answered("blobs", true);
      return encodeStored(AssignmentSchema, {
        ref,
        itemJson,
        outcomeAfter: BigInt(outcomeAfter),
        dispatchedAtMs: clock.nowMs(),
        policyVersion: this.#job.policyVersion,
      });
    } catch (error) {
      if (!(error instanceof RollyardError) || error.code !== "stream_full") throw error;
      room.answered("blobs", false);
      return null;
    }
  }

  #isStored({ kind }: PublishResult, dispatched: () => void): boolean {
    switch (kind) {
      case "stored":
        this.#deps.room.answered("work", true);
        dispatched();
        return true;
      case "slot_taken":
        // A taken slot holds this very assignment: the subject names the attempt.
        dispatched();
        return true;
      case "full":
        this.#deps.room.answered("work", false);
        return false;
      case "in_flight":
        return true;
      default:
        // It may be stored: the next round, or an interrupt, finds out.
        return false;
    }
  }
}

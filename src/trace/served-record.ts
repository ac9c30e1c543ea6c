import { z } from "zod";
import type { LogStore } from "../bus/port.ts";
import { servedSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { ServedEnvironment } from "./trace-ref.ts";

const servedSchema = z.object({ environmentUid: z.string(), specHash: z.string(), isServed: z.boolean() });

type Place = Pick<ServedEnvironment, "namespace" | "name">;

type Served = Pick<ServedEnvironment, "environmentUid" | "specHash">;

/** What an environment was when it was served last, and whether it is. */
export interface LastServed extends ServedEnvironment {
  readonly isServed: boolean;
}

/** Says under an environment's name what it is at present; `null`: nothing is left of it. Rejects with `bus_unavailable`. */
export async function putServed(
  store: Pick<LogStore, "publish">,
  place: Place,
  served: Served | null,
): Promise<void> {
  await put(store, place, { ...(served ?? { environmentUid: "", specHash: "" }), isServed: served !== null });
}

/** Says that an environment is served no more; the records of its traces are there still. Rejects with `bus_unavailable`. */
export async function putServedNoMore(
  store: Pick<LogStore, "publish">,
  place: Place,
  { environmentUid, specHash }: Served,
): Promise<void> {
  await put(store, place, { environmentUid, specHash, isServed: false });
}

async function put(
  store: Pick<LogStore, "publish">,
  place: Place,
  record: z.infer<typeof servedSchema>,
): Promise<void> {
  const payload = new TextEncoder().encode(JSON.stringify(record));
  const { kind } = await store.publish({ subject: servedSubject(place), payload });
  if (kind !== "stored") throw new RollyardError(kind === "full" ? "stream_full" : "bus_unavailable");
}

/** What is served under a name; null for nothing. Rejects with `bus_unavailable`. */
export async function findServed(
  store: Pick<LogStore, "readLast">,
  place: Place,
): Promise<ServedEnvironment | null> {
  const last = await findLastServed(store, place);
  if (last === null) return null;
  const { isServed, ...served } = last;
  return isServed ? served : null;
}

/** What is served under a name or was, while its environment is there; null for nothing. Rejects with `bus_unavailable`. */
export async function findLastServed(
  store: Pick<LogStore, "readLast">,
  { namespace, name }: Place,
): Promise<LastServed | null> {
  const last = await store.readLast("specs", servedSubject({ namespace, name }));
  if (last === null) return null;
  const record = servedSchema.parse(JSON.parse(new TextDecoder().decode(last.payload)));
  return record.environmentUid === "" ? null : { namespace, name, ...record };
}

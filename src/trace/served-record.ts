import { z } from "zod";
import type { LogStore } from "../bus/port.ts";
import { servedSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { ServedEnvironment } from "./trace-ref.ts";

const servedSchema = z.object({ environmentUid: z.string(), specHash: z.string(), isServed: z.boolean() });

type Place = Pick<ServedEnvironment, "namespace" | "name">;

/** Says under an environment's name what it is at present; `null`: it is served no more. Rejects with `bus_unavailable`. */
export async function putServed(
  store: Pick<LogStore, "publish">,
  place: Place,
  served: Pick<ServedEnvironment, "environmentUid" | "specHash"> | null,
): Promise<void> {
  const { environmentUid = "", specHash = "" } = served ?? {};
  const record = { environmentUid, specHash, isServed: served !== null };
  const payload = new TextEncoder().encode(JSON.stringify(record));
  const { kind } = await store.publish({ subject: servedSubject(place), payload });
  if (kind !== "stored") throw new RollyardError(kind === "full" ? "stream_full" : "bus_unavailable");
}

/** What is served under a name; null for nothing. Rejects with `bus_unavailable`. */
export async function findServed(
  store: Pick<LogStore, "readLast">,
  { namespace, name }: Place,
): Promise<ServedEnvironment | null> {
  const last = await store.readLast("specs", servedSubject({ namespace, name }));
  if (last === null) return null;
  const { isServed, ...served } = servedSchema.parse(JSON.parse(new TextDecoder().decode(last.payload)));
  return isServed ? { namespace, name, ...served } : null;
}

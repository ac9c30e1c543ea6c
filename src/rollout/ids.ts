import { randomBytes, randomUUID } from "node:crypto";

/** Where ids come from; a simulation passes its own. */
export interface IdSource {
  /** 12 hex digits, the short form of a UID. */
  shortUid(): string;
  /** `trace_<uuid>`, a rollout's name on the wire. */
  traceId(): string;
  /** Unguessable text of one driver's life. */
  nonce(): string;
}

/** Ids from the machine's random source. */
export const randomIds: IdSource = {
  shortUid: () => randomBytes(6).toString("hex"),
  traceId: () => `trace_${randomUUID()}`,
  nonce: () => randomBytes(9).toString("base64url"),
};

/** The place of a rollout within its job. */
export interface RolloutPlace {
  readonly itemIndex: number;
  readonly sampleIndex: number;
}

/** `<job uid>-<item>-<sample>`: the rollout's id in records. */
export function rolloutId(jobUid: string, place: RolloutPlace): string {
  return `${jobUid}-${place.itemIndex}-${place.sampleIndex}`;
}

/** The id under which a tool call runs at most once: `<rollout id>/<attempt>/<turn>/<index>`. */
export function toolCallId(
  rollout: string,
  call: { readonly attempt: number; readonly turn: number; readonly index: number },
): string {
  return `${rollout}/${call.attempt}/${call.turn}/${call.index}`;
}

/** Position of a rollout among the job's: item × samples + sample. */
export function rolloutIndex(place: RolloutPlace, samplesPerItem: number): number {
  return place.itemIndex * samplesPerItem + place.sampleIndex;
}

/** The inverse of {@link rolloutIndex}. */
export function placeOfIndex(index: number, samplesPerItem: number): RolloutPlace {
  return { itemIndex: Math.floor(index / samplesPerItem), sampleIndex: index % samplesPerItem };
}

/** Reads a rollout id, or the short form `<item>-<sample>`; null when it is neither. */
export function parseRolloutPlace(text: string): RolloutPlace | null {
  const match = /^(?:[0-9a-f]{12}-)?(\d+)-(\d+)$/u.exec(text);
  return match === null ? null : { itemIndex: Number(match[1]), sampleIndex: Number(match[2]) };
}

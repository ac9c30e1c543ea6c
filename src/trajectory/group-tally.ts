import { placeOfIndex } from "../rollout/ids.ts";
import type { RolloutPlace } from "../rollout/ids.ts";

/** How a job's rollouts are grouped. */
export interface GroupShape {
  readonly samplesPerItem: number;
  /** Only these rollouts are the job's; null for all. */
  readonly indexes: readonly number[] | null;
}

/** Members of one item that have ended. */
export interface GroupMembers<T> {
  readonly itemIndex: number;
  readonly members: readonly T[];
}

/** Gathers ended rollouts by item, and gives a group back once its last member has ended. */
export class GroupTally<T extends RolloutPlace> {
  readonly #samplesPerItem: number;
  /** Members of each item where they are not all; null where they are. */
  readonly #sizes: ReadonlyMap<number, number> | null;
  readonly #open = new Map<number, Map<number, T>>();

  constructor({ samplesPerItem, indexes }: GroupShape) {
    this.#samplesPerItem = samplesPerItem;
    this.#sizes = indexes === null ? null : sizesOf(indexes, samplesPerItem);
  }

  /** Takes a rollout's end; resolves with its group when that is complete now, by sample. */
  add(member: T): GroupMembers<T> | null {
    const { itemIndex, sampleIndex } = member;
    const group = this.#open.get(itemIndex) ?? new Map<number, T>();
    group.set(sampleIndex, member);
    this.#open.set(itemIndex, group);
    if (group.size < (this.#sizes?.get(itemIndex) ?? this.#samplesPerItem)) return null;
    this.#open.delete(itemIndex);
    return groupOf(itemIndex, group);
  }

  /** Groups of which some members have ended, by item. */
  rest(): readonly GroupMembers<T>[] {
    return [...this.#open]
      .toSorted(([a], [b]) => a - b)
      .map(([itemIndex, group]) => groupOf(itemIndex, group));
  }
}

function groupOf<T extends RolloutPlace>(itemIndex: number, group: ReadonlyMap<number, T>): GroupMembers<T> {
  return { itemIndex, members: [...group.values()].toSorted((a, b) => a.sampleIndex - b.sampleIndex) };
}

function sizesOf(indexes: readonly number[], samplesPerItem: number): ReadonlyMap<number, number> {
  const sizes = new Map<number, number>();
  for (const index of indexes) {
    const { itemIndex } = placeOfIndex(index, samplesPerItem);
    sizes.set(itemIndex, (sizes.get(itemIndex) ?? 0) + 1);
  }
  return sizes;
}

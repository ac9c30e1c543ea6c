/** What a cache keeps of each object: the projection that its makers chose, told apart by uid and version. */
export interface Cached {
  readonly key: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** One difference between what the store had and has. */
export type StoreChange<T> =
  | { readonly kind: "added"; readonly now: T }
  | { readonly kind: "changed"; readonly before: T; readonly now: T }
  | { readonly kind: "removed"; readonly before: T };

/** Texts under which an object is found; few and short ones. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** Told of every change, in order. It only notes what to look at: work belongs into a queue. */
export type StoreListener<T> = (change: StoreChange<T>) => void;

/**
 * Objects by key, and by the indexes that were named when it was made, so that nobody walks the whole list. An object
 * that was deleted and made anew between two looks is told as removed and added, for it is another one.
 */
export class ObjectStore<T extends Cached, Index extends string = never> {
  readonly #objects = new Map<string, T>();
  readonly #indexes: Readonly<Record<Index, IndexFunction<T>>>;
  readonly #buckets = new Map<Index, Map<string, Map<string, T>>>();
  readonly #listeners = new Set<StoreListener<T>>();

  constructor(indexes: Readonly<Record<Index, IndexFunction<T>>>) {
    this.#indexes = indexes;
    for (const name of Object.keys(indexes) as Index[]) this.#buckets.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  all(): IterableIterator<T> {
    return this.#objects.values();
  }

  /** The objects that an index has under a text. */
  find(index: Index, text: string): readonly T[] {
    return [...(this.#buckets.get(index)?.get(text)?.values() ?? [])];
  }

  /** How many {@link find} would give. */
  count(index: Index, text: string): number {
    return this.#buckets.get(index)?.get(text)?.size ?? 0;
  }

  /** Tells the listener of what changes from now on. Returns how to end that. */
  listen(listener: StoreListener<T>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  put(object: T): void {
    const before = this.#objects.get(object.key);
    if (before !== undefined && before.uid !== object.uid) this.remove(object.key);
    const known = this.#objects.get(object.key);
    if (known?.resourceVersion === object.resourceVersion) return;
    if (known !== undefined) this.#unindex(known);
    this.#objects.set(object.key, object);
    this.#index(object);
    this.#tell(
      known === undefined ? { kind: "added", now: object } : { kind: "changed", before: known, now: object },
    );
  }

  remove(key: string): void {
    const before = this.#objects.get(key);
    if (before === undefined) return;
    this.#objects.delete(key);
    this.#unindex(before);
    this.#tell({ kind: "removed", before });
  }

  /** Makes the store what a list says: what it lacks is removed, and only differences are told. */
  replaceAll(objects: Iterable<T>): void {
    const gone = new Set(this.#objects.keys());
    for (const object of objects) {
      gone.delete(object.key);
      this.put(object);
    }
    for (const key of gone) this.remove(key);
  }

  #index(object: T): void {
    for (const [name, buckets] of this.#buckets) {
      for (const text of this.#indexes[name](object)) {
        const bucket = buckets.get(text) ?? new Map<string, T>();
        buckets.set(text, bucket.set(object.key, object));
      }
    }
  }

  #unindex(object: T): void {
    for (const [name, buckets] of this.#buckets) {
      for (const text of this.#indexes[name](object)) {
        const bucket = buckets.get(text);
        bucket?.delete(object.key);
        if (bucket?.size === 0) buckets.delete(text);
      }
    }
  }

  #tell(change: StoreChange<T>): void {
    for (const listener of this.#listeners) listener(change);
  }
}

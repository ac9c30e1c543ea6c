/** Above this many it begins anew: the texts that come are not as few as was thought. */
const MOST = 10_000;

/** Texts that many objects have in common, kept once: JSON.parse makes a new one each time. */
export class SharedTexts {
  readonly #known = new Map<string, string>();

  /** An equal text, the same for all who ask. */
  one(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(text, text);
    return text;
  }
}

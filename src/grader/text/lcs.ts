/** Bits of one symbol's places in the pattern: only the words that have any, so that large alphabets stay small. */
interface SymbolPlaces {
  readonly words: number[];
  readonly masks: number[];
}

const WORD_BITS = 32;
const FULL_WORD = 0xffff_ffff;

/**
 * Length of the longest common subsequence, by the bit-parallel recurrence of Crochemore et al. (2001) and Hyyrö
 * (2004): V' = (V + (V & M)) | (V & ~M), where a zero bit of V is a place where the length grows.
 */
export function lcsLength<T>(left: readonly T[], right: readonly T[]): number {
  const [pattern, text] = left.length <= right.length ? [left, right] : [right, left];
  const places = symbolPlaces(pattern);
  const state = new Float64Array(Math.ceil(pattern.length / WORD_BITS)).fill(FULL_WORD);
  for (const symbol of text) {
    const found = places.get(symbol);
    if (found !== undefined) advance(state, found);
  }
  return zeroBits(state, pattern.length);
}

function symbolPlaces<T>(pattern: readonly T[]): ReadonlyMap<T, SymbolPlaces> {
  const places = new Map<T, SymbolPlaces>();
  for (const [index, symbol] of pattern.entries()) {
    const word = Math.floor(index / WORD_BITS);
    const mask = 2 ** (index % WORD_BITS);
    const found = places.get(symbol) ?? { words: [], masks: [] };
    places.set(symbol, found);
    const isSameWord = found.words.at(-1) === word;
    const before = isSameWord ? (found.masks.pop() ?? 0) : 0;
    if (!isSameWord) found.words.push(word);
    found.masks.push(before + mask);
  }
  return places;
}

/** One symbol of the text. Words without a place of it change by a carry only, and are left out without one. */
function advance(state: Float64Array, { words, masks }: SymbolPlaces): void {
  let carry = 0;
  let word = 0;
  for (let next = 0; next < words.length || carry > 0; word += 1) {
    if (carry === 0) word = words[next] ?? state.length;
    if (word >= state.length) return;
    const bits = state[word] ?? 0;
    let hits = 0;
    if (words[next] === word) {
      hits = (bits & (masks[next] ?? 0)) >>> 0;
      next += 1;
    }
    const sum = bits + hits + carry;
    carry = sum > FULL_WORD ? 1 : 0;
    state[word] = (sum | (bits - hits)) >>> 0;
  }
}

function zeroBits(state: Float64Array, length: number): number {
  let count = 0;
  for (let index = 0; index < length; index += 1) {
    const word = state[Math.floor(index / WORD_BITS)] ?? 0;
    if (((word >>> (index % WORD_BITS)) & 1) === 0) count += 1;
  }
  return count;
}

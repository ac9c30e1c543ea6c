const VOWELS = "aeiou";

/** Whether the letter at `index` is a consonant in Porter's sense: no vowel, and no "y" after a consonant. */
export function isConsonantAt(word: string, index: number): boolean {
  let start = index;
  while (start > 0 && word[start] === "y") start -= 1;
  const first = word[start] ?? "";
  const isFirstConsonant = !VOWELS.includes(first) || first === "";
  // In a run of "y" each is what the one before it is not.
  return (index - start) % 2 === 0 ? isFirstConsonant : !isFirstConsonant;
}

/** Whether the last letter is a vowel in that sense. */
export function endsInVowelLetter(word: string): boolean {
  return !isConsonantAt(word, word.length - 1);
}

/** Porter's measure m: how often a vowel is followed by a consonant. */
export function measure(word: string): number {
  let count = 0;
  let wasVowel = false;
  for (const isConsonant of consonants(word)) {
    if (wasVowel && isConsonant) count += 1;
    wasVowel = !isConsonant;
  }
  return count;
}

/** Porter's *v*: there is a vowel in it. */
export function hasVowel(word: string): boolean {
  return consonants(word).includes(false);
}

/**
 * Porter's *o: it ends consonant, vowel, consonant, where the last is not w, x or y; in NLTK also a word of only a
 * vowel and a consonant.
 */
export function endsLikeHop(word: string): boolean {
  const [before, middle, last] = [3, 2, 1].map((back) => isConsonantAt(word, word.length - back));
  if (word.length === 2) return middle === false && last === true;
  return word.length > 2 && before === true && middle === false && last === true && !/[wxy]$/.test(word);
}

function consonants(word: string): readonly boolean[] {
  const flags: boolean[] = [];
  for (const [index, letter] of [...word].entries()) {
    const afterConsonant = flags[index - 1] ?? false;
    flags.push(letter === "y" ? !afterConsonant : !VOWELS.includes(letter));
  }
  return flags;
}

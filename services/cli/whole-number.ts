import { InvalidArgumentError } from "commander";

/** Reads a flag's whole number of at least `least`, and at most `most` where there is a bound. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/u.test(text) && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const bound = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`must be a whole number ${bound}.`);
  };
}

/** Reads a flag's TCP port; 0 takes a free one. */
export const portNumber = wholeNumber(0, 65_535);

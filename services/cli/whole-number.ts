import { InvalidArgumentError } from "commander";

/** Reads a flag's whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/u.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`must be a whole number of at least ${least}.`);
  };
}

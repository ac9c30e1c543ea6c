import type { z } from "zod";
import { isJsonObject } from "../json.ts";
import { didYouMean } from "../nearest-name.ts";

const WITH_ARTICLE: Readonly<Record<string, string>> = {
  array: "a list",
  object: "an object",
  record: "an object",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

/** How zod's own messages begin; any other was written beside a rule of ours. */
const ZODS_OWN = /^(?:Invalid|Too|Unrecognized)/;

/**
 * One zod issue as a phrase that reads after the field's path. It never repeats the given value.
 * The value must have been parsed with `reportInput: true`, which tells an absent field from a wrong one.
 */
export function issueText(issue: z.core.$ZodIssue): string {
  if (!ZODS_OWN.test(issue.message)) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return requiredOr(issue, `must be ${typeText(issue.expected)}`);
    case "invalid_value":
      return requiredOr(issue, `must be ${listText(issue.values)}${nearText(issue.input, issue.values)}`);
    case "invalid_union":
      return unionText(issue);
    case "too_small":
      return boundText(issue.origin, issue.minimum, issue.inclusive === false ? "more than" : "at least");
    case "too_big":
      return boundText(issue.origin, issue.maximum, issue.inclusive === false ? "less than" : "at most");
    default:
      return issue.message;
  }
}

function requiredOr({ input }: z.core.$ZodIssue, text: string): string {
  return input === undefined ? "is required" : text;
}

function typeText(expected: string): string {
  return WITH_ARTICLE[expected] ?? `of type ${expected}`;
}

function listText(values: readonly unknown[]): string {
  const shown = values.map((value) => JSON.stringify(value)).join(", ");
  return values.length === 1 ? shown : `one of ${shown}`;
}

/** Which of several names is meant, where one is near; it is ours, not what was given. */
function nearText(given: unknown, values: readonly unknown[]): string {
  if (typeof given !== "string" || values.length < 2) return "";
  return didYouMean(
    given,
    values.filter((value) => typeof value === "string"),
  );
}

function unionText(issue: z.core.$ZodIssueInvalidUnion): string {
  if (issue.discriminator === undefined) {
    return (
      issue.errors.flat().find((inner) => inner.code !== "invalid_type")?.message ?? "is of a wrong type"
    );
  }
  const options = "options" in issue ? issue.options : undefined;
  if (!Array.isArray(options)) return "is not a known type";
  const given = isJsonObject(issue.input) ? issue.input[issue.discriminator] : issue.input;
  return `must be ${listText(options)}${nearText(given, options)}`;
}

function boundText(origin: string, bound: number | bigint, relation: string): string {
  const isSized = origin === "string" || origin === "array";
  if (isSized && relation === "at least" && Number(bound) === 1) return "must not be empty";
  if (origin === "string") return `must have ${relation} ${bound} characters`;
  if (origin === "array") return `must have ${relation} ${bound} elements`;
  return `must be ${relation} ${bound}`;
}

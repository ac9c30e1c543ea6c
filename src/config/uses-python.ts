import { objectOrEmpty } from "../lib/half-valid.ts";

/** Whether an Environment document has a `python` grader, at the top or inside a `multi`. */
export function usesPython(environment: unknown): boolean {
  const grader = objectOrEmpty(objectOrEmpty(objectOrEmpty(environment)["spec"])["grader"]);
  const subs = Object.values(objectOrEmpty(grader["graders"]));
  return [grader, ...subs].some((each) => objectOrEmpty(each)["type"] === "python");
}

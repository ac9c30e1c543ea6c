import { beforeEach, describe, expect, it } from "vitest";
import { Authorizer } from "./authorizer.ts";
import type { JobAccess } from "./job-access.ts";
import type { ReviewedUser } from "./reviews.ts";

const access: JobAccess = { namespace: "team", name: "math", verb: "get", subresource: "results" };

describe("Authorizer", () => {
  let nowMs = 0;
  const clock = { monotonicMs: () => nowMs };
  const asked: string[] = [];
  let known = new Map<string, ReviewedUser>();
  let isAllowed = true;
  const reviews = {
    userOf: async (token: string) => {
      asked.push("user");
      return known.get(token) ?? null;
    },
    isAllowed: async () => {
      asked.push("right");
      return isAllowed;
    },
  };
  const authorizer = (keepMs = 30_000): Authorizer => new Authorizer({ reviews, clock, keepMs });

  beforeEach(() => {
    nowMs = 0;
    asked.length = 0;
    isAllowed = true;
    known = new Map([
      ["ada's", { username: "ada" }],
      ["bob's", { username: "bob" }],
    ]);
  });

  it("asks once for a while, and for each right and each token by itself", async () => {
    const one = authorizer();
    await Promise.all([one.authorize("ada's", access), one.authorize("ada's", access)]);
    expect(asked).toEqual(["user", "right"]);
    await one.authorize("ada's", { ...access, name: "other" });
    await one.authorize("ada's", { namespace: "team", verb: "create" });
    await one.authorize("ada's", { ...access, resource: "environments" });
    await one.authorize("bob's", access);
    expect(asked).toEqual(["user", "right", "right", "right", "right", "user", "right"]);
    nowMs = 30_000;
    await one.authorize("ada's", access);
    expect(asked.slice(7)).toEqual(["user", "right"]);
  });

  it("refuses a right that was taken away once its time is over, and gives a new one soon", async () => {
    const one = authorizer();
    await one.authorize("ada's", access);
    isAllowed = false;
    await one.authorize("ada's", access);
    nowMs = 30_000;
    await expect(one.authorize("ada's", access)).rejects.toMatchObject({
      code: "request_forbidden",
      message:
        'ada may not get rolloutjobs/results "math" in the namespace "team". ClusterRole rollyard-view or rollyard-edit, bound in that namespace, allows it.',
    });
    isAllowed = true;
    nowMs += 2000;
    expect(await one.authorize("ada's", access)).toEqual({ user: "ada" });
  });

  it("asks nothing about rights for a token that nobody knows", async () => {
    const refused = authorizer().authorize("nobody's", access);
    await expect(refused).rejects.toMatchObject({ code: "request_unauthenticated" });
    expect(asked).toEqual(["user"]);
  });

  it("keeps nothing when it is told to", async () => {
    const one = authorizer(0);
    await one.authorize("ada's", access);
    await one.authorize("ada's", access);
    expect(asked).toHaveLength(4);
  });
});

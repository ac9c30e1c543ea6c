import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { permissionsOf, SERVICE_USERS } from "../../../src/bus/permissions.ts";
import type { NatsPermissions, ServiceUser } from "../../../src/bus/permissions.ts";
import { startNatsFixture } from "../../support/bus/nats-fixture.ts";
import { describePermissions } from "../../support/bus/permissions-contract.ts";
import { CORE, rightsOn } from "../../support/bus/who-may-do-what.ts";

describePermissions({
  title: "of a local server",
  start: async () => ({
    ...(await startNatsFixture(1)),
    permissions: Object.fromEntries(SERVICE_USERS.map((user) => [user, permissionsOf(user)])) as Record<
      ServiceUser,
      NatsPermissions
    >,
  }),
});

function textOf(path: string): Promise<string> {
  return readFile(new URL(`../../../${path}`, import.meta.url), "utf8");
}

describe("the table of who may do what", () => {
  it("has every subject that the code makes", async () => {
    const made = (await textOf("src/bus/subjects.ts")).matchAll(/`((?:rollyard|\$KV)\.[^`]+)`/gu);
    const values: Readonly<Record<string, string>> = { "${kind}": "rollout", "${root}": "events" };
    const subjects = [...made].map(([, text = ""]) =>
      text.replaceAll(/\$\{[^}]*\}|>$/gu, (name) => values[name] ?? "any"),
    );
    expect(subjects.length).toBeGreaterThan(15);
    expect(subjects.filter((subject) => rightsOn(subject) === null)).toEqual([]);
  });

  it("says of subjects that no stream stores what the protocol's page says", async () => {
    const row = /^\| `(rollyard\.[a-z]+)\.<[^|]*\| ([a-z, ]+) \| ([a-z, ]+) \|/gmu;
    const usersOf = (cell: string): readonly string[] =>
      cell === "all" ? SERVICE_USERS.toSorted() : cell.split(", ").toSorted();
    const said = [...(await textOf("docs/protocol.md")).matchAll(row)].map(
      ([, root = "", from = "", to = ""]) => [root, usersOf(from), usersOf(to)],
    );
    const due = Object.entries(CORE).map(([pattern, { publish, hear }]) => [
      pattern.replace(/\.[*>]$/u, ""),
      publish.toSorted(),
      hear.toSorted(),
    ]);
    expect(said.toSorted()).toEqual(due.toSorted());
  });
});

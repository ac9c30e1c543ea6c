import { connect, PermissionViolationError } from "nats";
import type { NatsConnection } from "nats";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { SERVICE_USERS } from "../../../src/bus/permissions.ts";
import type { NatsPermissions, ServiceUser } from "../../../src/bus/permissions.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { WORK_KINDS } from "../../../src/bus/streams.ts";
import type { StreamName } from "../../../src/bus/streams.ts";
import { toRollyardError } from "../../../src/errors/rollyard-error.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import type { NatsFixture } from "./nats-fixture.ts";
import { READERS, rightsOn, subjectsToTry, TAKERS } from "./who-may-do-what.ts";

const payload = new TextEncoder().encode("x");
const forbidden = expect.objectContaining({ code: "bus_forbidden" });

/** What is tried: servers with the users of every service. */
export type UsersFixture = Pick<NatsFixture, "connect" | "stop"> & {
  readonly servers: readonly Pick<NatsFixture["servers"][number], "address" | "login">[];
  /** What the servers' configuration allows each user. */
  readonly permissions: Readonly<Record<ServiceUser, NatsPermissions>>;
};

/** Where the users are tried. */
export interface PermissionsPlace {
  readonly title: string;
  readonly start: () => Promise<UsersFixture>;
}

/** Every service's user is tried on every other's subjects, streams, inboxes and requests. */
export function describePermissions({ title, start }: PermissionsPlace): void {
  describe(`the bus's users ${title}`, () => {
    let fixture: UsersFixture;
    const clients = new Map<ServiceUser, Bus>();

    beforeAll(async () => {
      fixture = await start();
      for (const user of SERVICE_USERS) clients.set(user, await fixture.connect(user, user));
      await client("controller").ensureStreams();
    });

    afterAll(async () => {
      await Promise.all([...clients.values()].map((bus) => bus.close()));
      await fixture.stop();
    });

    function client(user: ServiceUser): Bus {
      const bus = clients.get(user);
      if (bus === undefined) throw new TypeError(`no client of ${user}`);
      return bus;
    }

    /** How an operation ended: done, or the code of its error. */
    function ending(operation: Promise<unknown>): Promise<string> {
      return operation.then(
        () => "done",
        (error: unknown) => toRollyardError(error).code,
      );
    }

    /** A bare connection of a user, for what the port would never send. */
    function bare(user: ServiceUser): Promise<NatsConnection> {
      const { password } = fixture.servers[0]?.login(user) ?? {};
      return connect({
        servers: fixture.servers[0]?.address ?? "",
        user,
        pass: password ?? "",
        inboxPrefix: `_INBOX_${user}`,
      });
    }

    /** What the server said against a connection's operation. */
    async function violationOf(
      user: ServiceUser,
      operate: (connection: NatsConnection) => void,
    ): Promise<string> {
      const connection = await bare(user);
      const said: string[] = [];
      const watching = (async () => {
        for await (const status of connection.status())
          if (status.type === "error") said.push(status.error.message);
      })();
      operate(connection);
      await connection.flush();
      await connection.close();
      await watching;
      return said.join("\n");
    }

    /** The subjects on which the server lets a user not publish, or not hear. What is sent is no request that can be read. */
    async function refusedOf(
      user: ServiceUser,
      verb: "publish" | "hear",
      subjects: readonly string[],
    ): Promise<ReadonlySet<string>> {
      const connection = await bare(user);
      const refused = new Set<string>();
      const watching = (async () => {
        for await (const status of connection.status())
          if (status.type === "error" && status.error instanceof PermissionViolationError)
            refused.add(status.error.subject);
      })();
      for (const subject of subjects) {
        if (verb === "publish") connection.publish(subject, payload);
        else connection.subscribe(subject, { callback: () => undefined });
      }
      await connection.flush();
      await connection.close();
      await watching;
      return refused;
    }

    describe.each(SERVICE_USERS)("%s", (user) => {
      test.each(["publish", "hear"] as const)(
        "has its own subjects and no other's to %s, of all that any user's permissions name",
        async (verb) => {
          const subjects = subjectsToTry(Object.values(fixture.permissions));
          const refused = await refusedOf(user, verb, subjects);
          const found = subjects.map((subject) => [subject, !refused.has(subject)]);
          const due = subjects.map((subject) => [subject, rightsOn(subject)?.[verb].includes(user)]);
          expect(found).toEqual(due);
        },
      );

      test.each(WORK_KINDS)("pulls %s work only when it is its own", async (kind) => {
        await client("controller").purge("work", "rollyard.work.>");
        const pull = await ending(
          client(user).pull({ kind, max: 1, expiresMs: 100, onDelivery: () => undefined }),
        );
        expect(pull).toBe(TAKERS[kind].includes(user) ? "done" : "bus_forbidden");
      });

      test("reads just its streams, by replica and by leader", async () => {
        for (const [stream, readers] of Object.entries(READERS) as [StreamName, readonly ServiceUser[]][]) {
          const reads = [
            client(user).read(stream, "rollyard.none"),
            client(user).readLast(stream, "rollyard.none"),
            client(user).readLast(stream, "rollyard.none", { fromLeader: true }),
          ];
          const results = await Promise.allSettled(reads);
          const expected = readers.includes(user) ? "fulfilled" : "rejected";
          expect([stream, ...results.map(({ status }) => status)]).toEqual([
            stream,
            expected,
            expected,
            expected,
          ]);
        }
      });

      test("hears nobody else's inbox, and not all subjects", async () => {
        for (const other of SERVICE_USERS.filter((name) => name !== user)) {
          const said = await violationOf(user, (connection) => connection.subscribe(`_INBOX_${other}.>`));
          expect(said).toContain("Permissions Violation for Subscription");
        }
        for (const filter of [">", "rollyard.>", "rollyard.events.>", "$JS.>", "_INBOX.>"]) {
          const said = await violationOf(user, (connection) => connection.subscribe(filter));
          expect(said).toContain("Permissions Violation for Subscription");
        }
      });

      test("can't delete a stream, a message, or forge another's replies", async () => {
        const subjects = [
          "$JS.API.STREAM.DELETE.ROLLYARD_OUTCOMES",
          "$JS.API.STREAM.MSG.DELETE.ROLLYARD_OUTCOMES",
        ];
        for (const subject of [...subjects, "_INBOX_worker.a.b", "_INBOX_controller.a.b"]) {
          const said = await violationOf(user, (connection) => connection.publish(subject, "{}"));
          expect(said).toContain("Permissions Violation for Publish");
        }
      });
    });

    test.each(["worker", "grader", "gateway"] as const)("%s administers nothing", async (user) => {
      const bus = client(user);
      await expect(bus.ensureStreams()).rejects.toEqual(forbidden);
      await expect(bus.purge("outcomes", "rollyard.outcomes.>")).rejects.toEqual(forbidden);
      await expect(bus.subjects("outcomes", ">")).rejects.toEqual(forbidden);
      await expect(bus.releaseWork()).rejects.toEqual(forbidden);
    });

    test("workers answer each other, the controller answers all, and nobody else serves", async () => {
      const serving = [
        await client("worker").serve("rollyard.driver.w1", async (query) => query),
        await client("controller").serve("rollyard.claims.n.e", async (claim) => claim),
        await client("controller").serve("rollyard.secrets.n", async (claim) => claim),
      ];
      const second = await fixture.connect("second worker", "worker");
      expect(await second.request("rollyard.driver.w1", payload, 5000)).toMatchObject({ kind: "reply" });
      for (const user of ["worker", "grader", "gateway"] as const) {
        expect(await client(user).request("rollyard.claims.n.e", payload, 5000)).toMatchObject({
          kind: "reply",
        });
        expect(await client(user).request("rollyard.secrets.n", payload, 5000)).toMatchObject({
          kind: "reply",
        });
        await expect(client(user).serve("rollyard.claims.n.e", async (claim) => claim)).rejects.toEqual(
          forbidden,
        );
      }
      await Promise.all(serving.map((one) => one.stop()));
      await second.close();
    });

    test("everyone tells of a stream that answers nothing, and only the controller hears it", async () => {
      const heard: string[] = [];
      const listening = await client("controller").listen("rollyard.silent.*", (_payload, subject) => {
        heard.push(subject);
      });
      for (const user of SERVICE_USERS) client(user).broadcast(`rollyard.silent.${user}`, payload);
      await expect
        .poll(() => heard.toSorted())
        .toEqual(SERVICE_USERS.map((user) => `rollyard.silent.${user}`).toSorted());
      await listening.stop();
      for (const user of ["worker", "grader", "gateway"] as const)
        await expect(client(user).listen("rollyard.silent.*", () => undefined)).rejects.toEqual(forbidden);
    });

    test("the gateway says that rows were uploaded, and the controller alone hears it", async () => {
      const heard: string[] = [];
      const listening = await client("controller").listen("rollyard.uploaded.*.*", (_payload, subject) =>
        heard.push(subject),
      );
      for (const user of SERVICE_USERS) {
        const said = await violationOf(user, (connection) =>
          connection.publish(`rollyard.uploaded.n.${user}`),
        );
        expect(said === "").toBe(user === "gateway");
      }
      for (const user of ["worker", "grader", "gateway"] as const) {
        const listens = await violationOf(user, (connection) => connection.subscribe("rollyard.uploaded.>"));
        expect(listens).toContain("Permissions Violation for Subscription");
      }
      await expect.poll(() => heard).toEqual(["rollyard.uploaded.n.gateway"]);
      await listening.stop();
    });

    test("outcomes are heard as they are sent by the gateway alone", async () => {
      const heard: string[] = [];
      const listening = await client("gateway").listen("rollyard.outcomes.n.t.*", (_payload, subject) => {
        heard.push(subject);
      });
      const subject = "rollyard.outcomes.n.t.1-0";
      const sent = async (): Promise<readonly string[]> => {
        await client("grader").publish({ subject, payload, expectedLastSequence: 0 });
        return [...new Set(heard)];
      };
      await expect.poll(sent, { timeout: 10_000 }).toEqual([subject]);
      await listening.stop();
      for (const user of ["controller", "worker", "grader"] as const)
        await expect(client(user).listen("rollyard.outcomes.>", () => undefined)).rejects.toEqual(forbidden);
    });

    test("a wrong password is told apart from a server that is not there", async () => {
      const servers = [fixture.servers[0]?.address ?? ""];
      const options = { name: "stranger", logger: silentLogger, connectTimeoutMs: 300 };
      await expect(connectJetStream({ ...options, servers, user: "worker", password: "no" })).rejects.toEqual(
        forbidden,
      );
      await expect(connectJetStream({ ...options, servers: ["127.0.0.1:1"] })).rejects.toMatchObject({
        code: "bus_unavailable",
      });
    });
  });
}

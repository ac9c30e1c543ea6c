import { startNatsFixture } from "../../support/bus/nats-fixture.ts";
import { describePermissions } from "../../support/bus/permissions-contract.ts";

describePermissions({ title: "of a local server", start: () => startNatsFixture(1) });

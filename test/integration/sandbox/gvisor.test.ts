import { GVISOR } from "../../support/sandbox/gvisor-case.ts";
import { describeSandboxLauncher } from "../../support/sandbox/sandbox-contract.ts";

describeSandboxLauncher(GVISOR);

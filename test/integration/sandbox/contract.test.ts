import { LAUNCHERS } from "../../support/sandbox/launchers.ts";
import { describeSandboxLauncher } from "../../support/sandbox/sandbox-contract.ts";

describeSandboxLauncher(LAUNCHERS.bubblewrap);
describeSandboxLauncher(LAUNCHERS.unshare);
describeSandboxLauncher(LAUNCHERS.process);
describeSandboxLauncher(LAUNCHERS.docker);

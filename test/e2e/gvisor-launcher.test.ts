import { inject } from "vitest";
import { GVISOR } from "../support/sandbox/gvisor-case.ts";
import { describeSandboxLauncher } from "../support/sandbox/sandbox-contract.ts";

const missing = inject("whyNoNode");

describeSandboxLauncher(missing === null ? GVISOR : { ...GVISOR, make: () => Promise.resolve(missing) });

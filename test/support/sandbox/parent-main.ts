import { LAUNCHERS } from "./launchers.ts";
import { sandboxSpec, TrySandbox } from "./try-sandbox.ts";

/** A process that starts one sandbox with a command in it, tells of it, and waits to be killed. */
const name = process.argv[2] as keyof typeof LAUNCHERS;
const { make, specFields } = LAUNCHERS[name];
const launcher = await make();
if (typeof launcher === "string") throw new Error(launcher);
const sandbox = await TrySandbox.start(launcher, { spec: sandboxSpec(specFields) });
void sandbox.sh("sleep 987654", { timeoutMs: 3_600_000 }).catch(() => undefined);
await sandbox.sh("while ! pgrep -x sleep >/dev/null 2>&1 && ! ps ax | grep -q '[s]leep 987654'; do :; done");
process.stdout.write(`${sandbox.launched.sandboxUid}\n`);

// A process that wants to lead: `candidate-main.ts KUBECONFIG NAMESPACE IDENTITY`. It says `leads` and `follows` on stdout,
// and every 50 ms in which its lease counts, when that is: `now <milliseconds since 1970>`.
import { KubeClient } from "../../../src/kube/kube-client.ts";
import { KubeLeaseStore } from "../../../src/kube/leader/kube-lease-store.ts";
import { LeaderElector } from "../../../src/kube/leader/leader-elector.ts";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/logger.ts";

const TICK_MS = 50;
const [file = "", namespace = "", identity = ""] = process.argv.slice(2);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const transport = createKubeTransport(await kubeconfigCredentials(file), { connections: 1, timeoutMs: 5000 });
const elector = new LeaderElector({
  store: new KubeLeaseStore(new KubeClient(transport), { namespace, name: "leader" }),
  identity,
  clock: systemClock,
  random: Math.random,
  logger: silentLogger,
});
const end = new AbortController();
process.on("SIGTERM", () => end.abort());
await elector.run(async (leadership) => {
  say("leads");
  while (!leadership.signal.aborted) {
    if (leadership.isCurrent()) say(`now ${Date.now()}`);
    await systemClock.sleep(TICK_MS, leadership.signal);
  }
  say("follows");
}, end.signal);
await transport.close();

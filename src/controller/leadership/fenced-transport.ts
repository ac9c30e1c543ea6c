import type { KubeTransport } from "../../kube/transport/kube-transport.ts";
import type { LeaderFence } from "./leader-fence.ts";

/** The same connections, over which only a leader writes. Reading is everybody's. */
export function fencedTransport(transport: KubeTransport, fence: LeaderFence): KubeTransport {
  return {
    send: async (request) => {
      if (request.method !== "GET") fence.check();
      return transport.send(request);
    },
    stream: (request) => transport.stream(request),
    close: () => transport.close(),
  };
}

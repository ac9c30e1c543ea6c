import { Pool } from "undici";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import { resourcePath } from "../../../src/kube/resource-path.ts";
import type { Contender, ContenderSetup } from "./contender.ts";

const PODS = { group: "", version: "v1", plural: "pods" };
/** Two connections, each with fewer streams than the 100 that the API server allows. */
const CONNECTIONS = 2;
const STREAMS = 50;

/** What our transport could be instead: HTTP/2 with few connections. It only creates. */
export async function http2Contender({
  kubeconfigFile,
  namespace,
  server,
}: ContenderSetup): Promise<Contender> {
  const credentials = await kubeconfigCredentials(kubeconfigFile);
  const pool = new Pool(server ?? credentials.server, {
    allowH2: true,
    connections: CONNECTIONS,
    pipelining: STREAMS,
    connect: { ...credentials.tls },
  });
  const authorization = (await credentials.authorization()) ?? "";
  return {
    createPod: async (pod) => {
      const answer = await pool.request({
        method: "POST",
        path: resourcePath(PODS, { namespace }),
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify(pod),
      });
      JSON.parse(await answer.body.text());
      if (answer.statusCode !== 201) throw new Error(`a pod was not created: ${answer.statusCode}`);
    },
    close: () => pool.destroy(),
  };
}

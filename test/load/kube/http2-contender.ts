import { connect } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import { resourcePath } from "../../../src/kube/resource-path.ts";
import type { Contender, ContenderSetup } from "./contender.ts";

const PODS = { group: "", version: "v1", plural: "pods" };
const CONNECTIONS = 2;
const CREATED = 201;

/**
 * What our transport could be instead: HTTP/2 by Node's own client, over few connections. It only creates, and does
 * nothing about streams that are refused and connections that are to end.
 */
export async function http2Contender({
  kubeconfigFile,
  namespace,
  server,
}: ContenderSetup): Promise<Contender> {
  const credentials = await kubeconfigCredentials(kubeconfigFile);
  const authorization = (await credentials.authorization()) ?? "";
  const sessions = Array.from({ length: CONNECTIONS }, () =>
    connect(server ?? credentials.server, credentials.tls),
  );
  const headers = {
    ":method": "POST",
    ":path": resourcePath(PODS, { namespace }),
    authorization,
    accept: "application/json",
    "content-type": "application/json",
  };
  let next = 0;
  return {
    createPod: async (pod) => {
      const session = sessions[(next += 1) % CONNECTIONS];
      if (session === undefined) throw new Error("there is no connection");
      const { status, text } = await call(session, headers, JSON.stringify(pod));
      JSON.parse(text);
      if (status !== CREATED) throw new Error(`a pod was not created: ${status}`);
    },
    close: async () => {
      for (const session of sessions) session.destroy();
    },
  };
}

function call(
  session: ClientHttp2Session,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers);
    let status = 0;
    const chunks: Buffer[] = [];
    stream.on("response", (answer) => {
      status = answer[":status"] ?? 0;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve({ status, text: Buffer.concat(chunks).toString("utf8") }));
    stream.on("error", reject);
    stream.end(body);
  });
}

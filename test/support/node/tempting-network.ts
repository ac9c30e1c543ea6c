import { execFile } from "node:child_process";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { promisify } from "node:util";
import { NODE_ADDRESS } from "../../../scripts/lib/private-network.mjs";

const run = promisify(execFile);

/** An address that an agent may try. */
export interface Target {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** Ports of this machine's loopback that pods shall find at the node's address. */
export interface Behind {
  readonly apiServer: number;
  readonly nats: number;
}

const METADATA = "169.254.169.254";
/** A public address; in the tests' network it is this machine's own. */
const INTERNET = "193.0.0.1";
/** The API server's service, which every pod is told. */
const SERVICE = "10.96.0.1";

/** What an agent of a careless cluster would reach; the network is the tests' own. */
export const TARGETS: readonly Target[] = [
  { name: "API server", address: NODE_ADDRESS, port: 6443 },
  { name: "API service", address: SERVICE, port: 443 },
  { name: "NATS", address: NODE_ADDRESS, port: 4222 },
  { name: "kubelet", address: NODE_ADDRESS, port: 10_250 },
  { name: "metadata", address: METADATA, port: 80 },
  { name: "internet", address: INTERNET, port: 80 },
];

/** Puts them there; resolves with what takes them away. Only inside of a private network. */
export async function temptingNetwork({ apiServer, nats }: Behind): Promise<() => Promise<void>> {
  for (const address of [METADATA, INTERNET])
    await run("ip", ["address", "add", `${address}/32`, "dev", "lo"]);
  const service = ["-d", `${SERVICE}/32`, "-p", "tcp", "--dport", "443"];
  const toServer = ["-j", "DNAT", "--to-destination", `${NODE_ADDRESS}:6443`];
  await run("iptables", ["-t", "nat", "-A", "PREROUTING", ...service, ...toServer]);
  const servers = await Promise.all([
    listen(NODE_ADDRESS, 6443, (socket) => pass(socket, apiServer)),
    listen(NODE_ADDRESS, 4222, (socket) => pass(socket, nats)),
    listen(METADATA, 80, (socket) => void socket.end("a token\n")),
    listen(INTERNET, 80, (socket) => void socket.end("hello\n")),
  ]);
  return async () => {
    for (const server of servers) server.close();
    for (const address of [METADATA, INTERNET])
      await run("ip", ["address", "del", `${address}/32`, "dev", "lo"]);
    await run("iptables", ["-t", "nat", "-D", "PREROUTING", ...service, ...toServer]);
  };
}

/** A script of bash that dials all targets at once, and says of each whether it is `reached` or `shut`, in no order. */
export function dialScript(targets: readonly Target[]): string {
  const dials = targets.map(({ name, address, port }) => {
    const dial = `timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/${port}' 2>/dev/null`;
    return `if ${dial}; then echo '${name}: reached'; else echo '${name}: shut'; fi &`;
  });
  return [...dials, "wait"].join("\n");
}

/** Lets whoever dials a port of an address find a port of this machine's loopback; resolves with the listening server. */
export function forwardPort(address: string, port: number, behind: number): Promise<Server> {
  return listen(address, port, (socket) => pass(socket, behind));
}

function listen(address: string, port: number, onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, () => resolve(server));
  });
}

function pass(socket: Socket, port: number): void {
  const behind = connect(port, "127.0.0.1");
  behind.on("error", () => socket.destroy());
  socket.on("close", () => behind.destroy());
  socket.pipe(behind).pipe(socket);
}

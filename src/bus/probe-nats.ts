import { connect } from "node:net";

const PROBE_MS = 1000;

/**
 * Whether a server on this loopback port greets as nats-server with JetStream. It begins to listen only after its
 * streams are recovered, so the greeting means ready.
 */
export function answersAsJetStream(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    let greeting = "";
    const socket = connect({ host: "127.0.0.1", port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PROBE_MS, () => end(false));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
    socket.on("data", (chunk: Buffer) => {
      greeting += chunk.toString();
      if (greeting.includes("\r\n")) end(/^INFO .*"jetstream":\s*true/u.test(greeting));
    });
  });
}

import { assertNever } from "../lib/assert-never.ts";
import type { SandboxEndpoint } from "./port.ts";

/** `unix:/path` or `http://host:port`, as a lease carries it. */
export function formatEndpoint(endpoint: SandboxEndpoint): string {
  switch (endpoint.kind) {
    case "unix":
      return `unix:${endpoint.path}`;
    case "tcp":
      return `http://${endpoint.host}:${endpoint.port}`;
    default:
      return assertNever(endpoint);
  }
}

/** The inverse of {@link formatEndpoint}; null when it is neither form. */
export function parseEndpoint(text: string): SandboxEndpoint | null {
  if (text.startsWith("unix:/")) return { kind: "unix", path: text.slice("unix:".length) };
  const match = /^http:\/\/(.+):(\d+)$/u.exec(text);
  const [, host = "", port = ""] = match ?? [];
  return match === null ? null : { kind: "tcp", host, port: Number(port) };
}

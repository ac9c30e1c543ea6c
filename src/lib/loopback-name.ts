const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "::1", "[::1]"]);

/** Whether a host's name means this machine alone. */
export function isLoopbackName(name: string): boolean {
  return LOOPBACK.has(name.toLowerCase());
}

/** The name in a `Host` header, without the port; empty without one. */
export function nameOfHost(host: string | undefined): string {
  return (host ?? "").replace(/:\d+$/u, "");
}

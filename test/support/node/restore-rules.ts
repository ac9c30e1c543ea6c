import { spawn } from "node:child_process";

const RESTORE = "iptables-restore";

/** Replaces tables of the firewall of this network namespace; rejects with what iptables-restore said. */
export function restoreRules(rules: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(RESTORE, [], { stdio: ["pipe", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${RESTORE}: ${said}\n${rules}`)),
    );
    child.stdin.end(rules);
  });
}

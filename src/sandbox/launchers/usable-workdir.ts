import { posix } from "node:path";
import { RollyardError } from "../../errors/rollyard-error.ts";

const SYSTEM = /^\/(usr|bin|sbin|lib|lib32|lib64|libx32|etc|proc|sys|dev|\.rollyard)?(\/|$)/u;

/** Throws `bad_input` for a workdir that would cover the system that the commands need. */
export function assertUsableWorkdir(workdir: string): void {
  const path = posix.normalize(workdir);
  if (path !== "/" && !SYSTEM.test(path)) return;
  throw new RollyardError("bad_input", {
    message: `spec.sandbox.workdir is ${path}, which is a part of the system: use a folder of its own, such as /workspace.`,
  });
}

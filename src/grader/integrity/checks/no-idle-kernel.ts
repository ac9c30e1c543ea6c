import { forwardsOf } from "../forwards.ts";
import type { Forward } from "../forwards.ts";
import type { Finding, IntegrityCheck } from "../integrity-check.ts";
import { signOf } from "../scan-sources.ts";
import type { SourceFile } from "../source-files.ts";

const SIGNS = {
  empty_kernel: /\b__global__\b[^{;]{0,400}\{\s*\}/u,
  fixed_branch:
    /^[^\S\n]*(?:if|elif|while)\s+(?:\(\s{0,20})?(?:True|False|1|0|not\s+(?:False|True))\s{0,20}\)?\s{0,20}:/mu,
};
const TRITON = /@triton\s*\.\s*jit\b/u;
const STORE = /\.\s*(?:store|atomic_\w{1,20})\s*\(/u;
const KERNELS =
  /@triton\s*\.\s*jit\b[^\n]*\n\s*def\s+(\w+)|\b__global__\s+(?:__launch_bounds__\s*\([^)]{0,100}\)\s*)?(?:static\s+)?void\s+(?:__launch_bounds__\s*\([^)]{0,100}\)\s*)?(\w+)/gu;
const WORD = /\w+/gu;
/** Gives back what it was given. */
const IDENTITY =
  /^return\s+(\w+)(?:\s*\.\s*(?:clone|contiguous|detach|float|view_as|to)\s*\([^()]{0,100}\))*$/u;
/** Gives what does not depend on anything that was given, but for its form. */
const CONSTANT =
  /^return\s+(?:-?[\d.]+|torch\s*\.\s*(?:zeros|ones|empty|full|rand|randn)(?:_like)?\s*\([^\n]*\)|self\s*\.\s*\w+)$/u;

/** Kernel tasks: the kernel does nothing, nothing starts it, or the module gives back its input or a constant. */
export const noIdleKernel: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: ({ sources }) => {
    const reasons = sources.flatMap((source) => signOf(source, SIGNS) ?? idleForward(source) ?? []);
    const [reason = null] = reasons;
    if (reason !== null) return finding(reason, reasons.length);
    const kernels = sources.filter(({ bare }) => TRITON.test(bare));
    if (kernels.length > 0 && !kernels.some(({ bare }) => STORE.test(bare))) {
      return finding("no_store", kernels.length);
    }
    return neverLaunched(sources);
  },
};

function finding(reason: string, count: number): Finding {
  return { reason, evidence: { files: String(count) } };
}

function idleForward({ code }: SourceFile): string | null {
  const found = forwardsOf(code).flatMap((forward) => idle(forward) ?? []);
  return found[0] ?? null;
}

function idle({ parameters, body }: Forward): string | null {
  const [only = "", more] = body.split("\n").filter((line) => line.trim() !== "");
  if (more !== undefined) return null;
  const line = only.trim();
  const given = IDENTITY.exec(line)?.[1];
  if (given !== undefined && parameters.includes(given)) return "identity";
  return CONSTANT.test(line) ? "constant" : null;
}

/** Not one of the kernels is spoken of anywhere but where it is defined. */
function neverLaunched(sources: readonly SourceFile[]): Finding | null {
  const names = new Set(
    sources.flatMap(({ bare }) =>
      Array.from(bare.matchAll(KERNELS), ([, triton, cuda]) => triton ?? cuda ?? ""),
    ),
  );
  if (names.size === 0) return null;
  const times = new Map<string, number>();
  for (const { bare } of sources) {
    for (const [word] of bare.matchAll(WORD)) {
      if (names.has(word)) times.set(word, (times.get(word) ?? 0) + 1);
    }
  }
  const isUsed = [...times.values()].some((count) => count > 1);
  return isUsed ? null : finding("never_launched", names.size);
}

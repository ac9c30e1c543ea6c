import type { Finding, IntegrityCheck } from "../integrity-check.ts";
import type { SourceFile } from "../source-files.ts";

/** What makes a source one of a kernel task: it replaces a module of PyTorch's. */
const MODULE = /\bclass\s+\w+\s*\(\s*(?:torch\s*\.\s*)?nn\s*\.\s*Module\s*\)/u;
const FORWARD = /^([ \t]*)def\s+forward\s*\([^)]{0,2000}\)[^:\n]*:[^\n]*\n((?:\1[ \t]+[^\n]*\n|[ \t]*\n)*)/mu;
/** A kernel of its own: written in Triton, CUDA, or made from source. */
const KERNEL =
  /@triton\s*\.\s*jit\b|\b__global__\b|\bload_inline\s*\(|\bcpp_extension\b|\bcute\s*\.\s*(?:jit|kernel)\b|\bT\s*\.\s*prim_func\b/u;
const LIBRARY =
  /\b(?:torch\s*\.\s*(?:nn\s*\.\s*functional\s*\.\s*)?|F\s*\.\s*)(?:matmul|mm|bmm|addmm|einsum|conv\w*|softmax|log_softmax|layer_norm|batch_norm|group_norm|relu|gelu|silu|sigmoid|tanh|sum|mean|max|min|cumsum|scaled_dot_product_attention|linear|cross_entropy|embedding)\s*\(/u;

/** Kernel tasks: `forward` computes by the library that it is to replace, or no kernel of its own is there. */
export const noLibraryWrap: IntegrityCheck = {
  needs: "code",
  effect: "zero",
  find: ({ sources }) => {
    const modules = sources.filter(({ code }) => MODULE.test(code));
    if (modules.length === 0) return null;
    const finding = (reason: string, count: number): Finding => ({
      reason,
      evidence: { files: String(count) },
    });
    if (!sources.some(({ code }) => KERNEL.test(code))) return finding("no_kernel", modules.length);
    const wrapping = modules.filter(computesByLibrary);
    return wrapping.length === 0 ? null : finding("library_in_forward", wrapping.length);
  },
};

function computesByLibrary({ code }: SourceFile): boolean {
  const [, , body = ""] = FORWARD.exec(`${code}\n`) ?? [];
  return LIBRARY.test(body);
}

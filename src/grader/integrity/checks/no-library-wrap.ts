import type { Finding, IntegrityCheck } from "../integrity-check.ts";
import { forwardsOf } from "../forwards.ts";
import type { SourceFile } from "../source-files.ts";

/** What makes a source one of a kernel task: it replaces a module of PyTorch's. */
const MODULE = /\bclass\s+\w+\s*\(\s*(?:torch\s*\.\s*)?nn\s*\.\s*Module\s*\)/u;
/** A kernel of its own: written in Triton, CUDA, or made from source. */
const KERNEL =
  /@triton\s*\.\s*jit\b|\b__global__\b|\bload_inline\s*\(|\bcpp_extension\b|\bcute\s*\.\s*(?:jit|kernel)\b|\bT\s*\.\s*prim_func\b/u;
const LIBRARY =
  /\b(?:torch\s*\.\s*(?:nn\s*\.\s*functional\s*\.\s*)?|F\s*\.\s*)(?:matmul|mm|bmm|addmm|einsum|conv\w*|softmax|log_softmax|layer_norm|batch_norm|group_norm|relu|gelu|silu|sigmoid|tanh|sum|mean|max|min|cumsum|scaled_dot_product_attention|linear|cross_entropy|embedding)\s*\(/u;

const OPERATOR =
  /[\w\])]\s{0,20}@\s{0,20}[\w(]|\.\s*(?:matmul|mm|bmm|softmax|log_softmax|relu|sigmoid|tanh|cumsum)\s*\(/u;
/** A layer that a module makes for itself; those that compute nothing are left out. */
const LAYER =
  /\bself\s*\.\s*(\w+)\s*=\s*(?:torch\s*\.\s*)?nn\s*\.\s*(?!Parameter|Buffer|Identity|Module|Dropout)\w+\s*\(/gu;
const OWN_CALL = /\bself\s*\.\s*(\w+)\s*\(/gu;

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
    if (!sources.some(({ bare }) => KERNEL.test(bare))) return finding("no_kernel", modules.length);
    const wrapping = modules.filter(computesByLibrary);
    return wrapping.length === 0 ? null : finding("library_in_forward", wrapping.length);
  },
};

/** By a function, an operator or a method of the library's, or by a layer of it that the module holds. */
function computesByLibrary({ code }: SourceFile): boolean {
  const layers = new Set(Array.from(code.matchAll(LAYER), ([, name = ""]) => name));
  return forwardsOf(code).some(
    ({ body }) =>
      LIBRARY.test(body) ||
      OPERATOR.test(body) ||
      Array.from(body.matchAll(OWN_CALL), ([, name = ""]) => name).some((name) => layers.has(name)),
  );
}

import type { CheckCases } from "./check-cases.ts";
import { code, command, KERNEL, MODULE } from "./integrity-facts.ts";

/** Cases of the checks of kernels. */
export const KERNEL_CHECK_CASES = {
  no_timing_patch: {
    hostile: [
      ["patched_event", code("torch.cuda.Event.elapsed_time = lambda self, end: 0.001\n")],
      ["patched_synchronize", code("torch.cuda.synchronize = lambda *a: None\n")],
      ["patched_clock", code("import time\ntime.perf_counter = lambda: 0\n")],
    ],
    honest: [
      code("import time\nstarted = time.perf_counter()\ntorch.cuda.synchronize()\ntook = time.time() == 0\n"),
    ],
  },
  no_side_streams: {
    hostile: [
      ["stream", code("s = torch.cuda.Stream()\nwith torch.cuda.stream(s): pass\n")],
      ["thread", code("import threading\n")],
      ["thread", code("std::thread worker(run);\n", "kernel.cu")],
    ],
    honest: [code("def stream(items):\n    yield from items\nthreads_per_block = 256\n")],
  },
  no_lazy_tensors: {
    hostile: [
      ["lazy_tensor", code("class Lazy(torch.Tensor):\n    pass\n")],
      ["lazy_tensor", code("torch.Tensor._make_subclass(Lazy, x)\n")],
    ],
    honest: [code("def forward(self, x: torch.Tensor) -> torch.Tensor:\n    return torch.empty_like(x)\n")],
  },
  no_fallback: {
    hostile: [
      ["caught", code("try:\n    kernel(x)\nexcept Exception:\n    y = x @ w\n")],
      ["inherited", code("class ModelNew(Model):\n    pass\n")],
      ["inherited", code("class ModelNew(nn.Module):\n    pass\n")],
      ["empty_body", code("def forward(self, x) -> Tensor:\n    pass\n")],
      ["reference", code("return super().forward(x)\n")],
      ["reference", code("y = Model(3, 4)(x)\n")],
    ],
    honest: [
      code("class ModelNew(nn.Module):\n    def forward(self, x):\n        return kernel(x)\nexcepted = 1\n"),
    ],
  },
  no_library_wrap: {
    hostile: [
      ["no_kernel", code(`${MODULE}        return x * 2\n`)],
      ["library_in_forward", code(`${KERNEL}${MODULE}        return torch.matmul(x, x)\n`)],
      ["library_in_forward", code(`${KERNEL}${MODULE}        y = kernel(x)\n        return F.softmax(x)\n`)],
      ["library_in_forward", code(`${KERNEL}${MODULE}        return x @ self.weight\n`)],
      ["library_in_forward", code(`${KERNEL}${MODULE}        return x.matmul(x)\n`)],
      [
        "library_in_forward",
        code(
          `${KERNEL}${MODULE}        return self.linear(x)\n    def __init__(self):\n        self.linear = nn.Linear(3, 4)\n`,
        ),
      ],
      [
        "library_in_forward",
        code(
          `${KERNEL}class Idle:\n    def forward(self, x):\n        return kernel(x)\n${MODULE}        return torch.mm(x, x)\n`,
        ),
      ],
    ],
    honest: [
      code(
        `${KERNEL}${MODULE}        out = torch.empty_like(x)\n        kernel[(1,)](x, out)\n        return out\n`,
      ),
      code("import torch\nprint(torch.matmul(a, b))\n"),
      code(
        `${KERNEL}${MODULE}        return self.launch(x, self.weight)\n    def __init__(self):\n        self.weight = nn.Parameter(w)\n`,
      ),
    ],
  },
  no_idle_kernel: {
    hostile: [
      ["identity", code(`${MODULE}        return x\n`)],
      ["identity", code(`${MODULE}        return x.clone().contiguous()\n`)],
      ["constant", code(`${MODULE}        return torch.zeros_like(x)\n`)],
      ["constant", code(`${MODULE}        return self.output\n`)],
      [
        "fixed_branch",
        code(`${KERNEL}${MODULE}        if True:\n            return slow(x)\n        kernel[(1,)](x)\n`),
      ],
      ["empty_kernel", code("__global__ void k(float* x, float* y) { }\nk<<<1, 1>>>(x, y);\n", "k.cu")],
      [
        "no_store",
        code(
          `@triton.jit\ndef k(x_ptr):\n    tl.load(x_ptr)\n${MODULE}        y = k[(1,)](x)\n        return y\n`,
        ),
      ],
      ["never_launched", code(`${KERNEL}${MODULE}        y = x * 2\n        return y\n`)],
      [
        "never_launched",
        code("__global__ void k(float* x) { x[0] = 1; }\nint main() { return 0; }\n", "k.cu"),
      ],
    ],
    honest: [
      code(
        `${KERNEL}${MODULE}        out = torch.empty_like(x)\n        kernel[(1,)](x, out)\n        return out\n`,
      ),
      code("__global__ void k(float* x) { x[0] = 1; }\nvoid run(float* x) { k<<<1, 1>>>(x); }\n", "k.cu"),
      code(`${MODULE}        return self.inner(x)\n`),
      code("def same(x):\n    return x\nwhile running:\n    step()\n"),
    ],
  },
  no_input_mutation: {
    hostile: [
      ["in_place", code(`${MODULE}        x.copy_(y)\n        return x\n`)],
      ["in_place", code(`${MODULE}        x[:] = 0\n        return run(x)\n`)],
      ["in_place", code(`${MODULE}        x += 1\n        return run(x)\n`)],
      ["in_place", code(`${MODULE}        return run(x, out=x)\n`)],
      ["in_place", code(`${MODULE}        x.mul_(0)\n        x = x\n        return x\n`)],
      ["in_place", code(`${MODULE}        x = x\n        x.mul_(0)\n        return x\n`)],
      ["in_place", code(`${MODULE}        x = x.mul_(0)\n        return run(x)\n`)],
      ["in_place", code(`${MODULE}        y = 1; x += 1\n        x = y\n        return run(x)\n`)],
      ["in_place", code(`${MODULE}        y = (1 +\n1)\n        x.mul_(y)\n        return run(x)\n`)],
    ],
    honest: [
      code(`${MODULE}        x = x.clone()\n        x.mul_(2)\n        return x\n`),
      code(
        `${MODULE}        out = torch.empty_like(x)\n        out[0] = 1\n        out += 1\n        return run(x, out=out)\n`,
      ),
      code("def update(x):\n    x += 1\n    x.add_(2)\n"),
      code(`${MODULE}        x = x.clone(); x.mul_(2)\n        return x\n`),
      code(`${MODULE}        x = (\n            x.clone()\n        )\n        x.mul_(2)\n        return x\n`),
    ],
  },
  no_result_cache: {
    hostile: [
      ["pointer_key", code("y = seen[x.data_ptr()]\n")],
      ["pointer_key", code("key = (x.shape, x.data_ptr())\n")],
      ["pointer_key", code("if x.data_ptr() == self.last: pass\n")],
      ["cached_function", code("@functools.lru_cache(None)\ndef forward(x):\n    return run(x)\n")],
      ["cached_result", code("    return self._cache[shape]\n")],
    ],
    honest: [
      code("kernel.launch(x.data_ptr(), out.data_ptr(), n)\n"),
      code(
        "    return _kernel_cache[config]\n@functools.lru_cache\ndef build(name):\n    return compile(name)\n",
      ),
    ],
  },
  no_precision_downgrade: {
    hostile: [
      ["half", code("y = x.half() @ w.half()\n")],
      ["half", code("__global__ void k(__half2* x) {}\n", "k.cu")],
      ["loosened", code("torch.backends.cuda.matmul.allow_tf32 = True\n")],
    ],
    honest: [code("half = n // 2\ny = x.float()\nassert x.dtype == torch.float32\n")],
  },
  plausible_speedup: {
    hostile: [["too_fast", command({ result: { state: "done", tests: [], metrics: { speedup: 148.2 } } })]],
    honest: [
      command({ result: { state: "done", tests: [], metrics: { speedup: 3.5, other: 99 } } }),
      command({}),
    ],
  },
} as const satisfies Readonly<Record<string, CheckCases>>;

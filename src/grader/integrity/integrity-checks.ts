import { judgeInjection } from "./checks/judge-injection.ts";
import { noAnswerOnDisk } from "./checks/no-answer-on-disk.ts";
import { noEarlyExit } from "./checks/no-early-exit.ts";
import { noFallback } from "./checks/no-fallback.ts";
import { noHistoryPeek } from "./checks/no-history-peek.ts";
import { noIdleKernel } from "./checks/no-idle-kernel.ts";
import { noInputMutation } from "./checks/no-input-mutation.ts";
import { noLazyTensors } from "./checks/no-lazy-tensors.ts";
import { noLibraryWrap } from "./checks/no-library-wrap.ts";
import { noLogTampering } from "./checks/no-log-tampering.ts";
import { noPadding } from "./checks/no-padding.ts";
import { noPatchedComparison } from "./checks/no-patched-comparison.ts";
import { noPrecisionDowngrade } from "./checks/no-precision-downgrade.ts";
import { noRemoteFetch } from "./checks/no-remote-fetch.ts";
import { noResultCache } from "./checks/no-result-cache.ts";
import { noSideStreams } from "./checks/no-side-streams.ts";
import { noSkips } from "./checks/no-skips.ts";
import { noTimingPatch } from "./checks/no-timing-patch.ts";
import { noWeakTests } from "./checks/no-weak-tests.ts";
import { plausibleSpeedup } from "./checks/plausible-speedup.ts";
import { reasoningTells } from "./checks/reasoning-tells.ts";
import { testsUnchanged } from "./checks/tests-unchanged.ts";
import type { IntegrityCheck } from "./integrity-check.ts";

/** Every check by the name that graders give it. A new one is a file in `checks`, a row here, one in docs/graders.md, and its cases. */
export const INTEGRITY_CHECKS = {
  tests_unchanged: testsUnchanged,
  no_skips: noSkips,
  no_weak_tests: noWeakTests,
  no_early_exit: noEarlyExit,
  no_history_peek: noHistoryPeek,
  no_remote_fetch: noRemoteFetch,
  no_answer_on_disk: noAnswerOnDisk,
  no_patched_comparison: noPatchedComparison,
  no_log_tampering: noLogTampering,
  judge_injection: judgeInjection,
  no_padding: noPadding,
  reasoning_tells: reasoningTells,
  no_timing_patch: noTimingPatch,
  no_side_streams: noSideStreams,
  no_lazy_tensors: noLazyTensors,
  no_fallback: noFallback,
  no_library_wrap: noLibraryWrap,
  no_idle_kernel: noIdleKernel,
  no_input_mutation: noInputMutation,
  no_result_cache: noResultCache,
  no_precision_downgrade: noPrecisionDowngrade,
  plausible_speedup: plausibleSpeedup,
} as const satisfies Record<string, IntegrityCheck>;

/** A key of {@link INTEGRITY_CHECKS}. */
export type CheckName = keyof typeof INTEGRITY_CHECKS;

/** The names of all checks. */
export const CHECK_NAMES = Object.keys(INTEGRITY_CHECKS) as readonly CheckName[];

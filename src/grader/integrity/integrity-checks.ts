import { judgeInjection } from "./checks/judge-injection.ts";
import { noAnswerOnDisk } from "./checks/no-answer-on-disk.ts";
import { noEarlyExit } from "./checks/no-early-exit.ts";
import { noFallback } from "./checks/no-fallback.ts";
import { noHistoryPeek } from "./checks/no-history-peek.ts";
import { noLazyTensors } from "./checks/no-lazy-tensors.ts";
import { noLibraryWrap } from "./checks/no-library-wrap.ts";
import { noLogTampering } from "./checks/no-log-tampering.ts";
import { noPatchedComparison } from "./checks/no-patched-comparison.ts";
import { noPrecisionDowngrade } from "./checks/no-precision-downgrade.ts";
import { noSideStreams } from "./checks/no-side-streams.ts";
import { noSkips } from "./checks/no-skips.ts";
import { noTimingPatch } from "./checks/no-timing-patch.ts";
import { plausibleSpeedup } from "./checks/plausible-speedup.ts";
import { reasoningTells } from "./checks/reasoning-tells.ts";
import { testsUnchanged } from "./checks/tests-unchanged.ts";
import type { IntegrityCheck } from "./integrity-check.ts";

/** Every check by the name that graders give it. A new one is a file in `checks`, a row here, one in docs/graders.md, and its cases. */
export const INTEGRITY_CHECKS = {
  tests_unchanged: testsUnchanged,
  no_skips: noSkips,
  no_early_exit: noEarlyExit,
  no_history_peek: noHistoryPeek,
  no_answer_on_disk: noAnswerOnDisk,
  no_patched_comparison: noPatchedComparison,
  no_log_tampering: noLogTampering,
  judge_injection: judgeInjection,
  reasoning_tells: reasoningTells,
  no_timing_patch: noTimingPatch,
  no_side_streams: noSideStreams,
  no_lazy_tensors: noLazyTensors,
  no_fallback: noFallback,
  no_library_wrap: noLibraryWrap,
  no_precision_downgrade: noPrecisionDowngrade,
  plausible_speedup: plausibleSpeedup,
} as const satisfies Record<string, IntegrityCheck>;

/** A key of {@link INTEGRITY_CHECKS}. */
export type CheckName = keyof typeof INTEGRITY_CHECKS;

/** The names of all checks. */
export const CHECK_NAMES = Object.keys(INTEGRITY_CHECKS) as readonly CheckName[];

import type { TextMask } from "../lib/text-mask.ts";

/** What an attempt does when its sandbox is lost; the Environment's `recovery`. */
export type Recovery =
  /** It fails, and another attempt begins from the start. */
  | { readonly kind: "restart" }
  /** It runs the recorded calls again in a new sandbox, and goes on when their outputs are equal. */
  | {
      readonly kind: "replay";
      /** Whether the calls of a tool run in the sandbox, by the tool's name. */
      readonly runsInSandbox: (tool: string) => boolean;
      /** Leaves out what may differ. */
      readonly mask: TextMask;
    };

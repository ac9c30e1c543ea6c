/** A grading's stay in one of its process's slots, as its graders see it. */
export interface GradingStay {
  /**
   * Does a wait for the grader's own limits outside of the slot, and resolves when the grading holds one again. The wait
   * must end when the signal that it gets aborts. Rejects as the wait does, and when the given signal aborts or the grade is
   * wanted no more.
   */
  stepOut(wait: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** From now on so many parts run side by side: the slot is given back while none of them does anything but wait. */
  divide(parts: number): void;
  /** One of the parts has ended. */
  partEnded(): void;
}

/** Where there are no slots to give back. */
export const stayIn: GradingStay = {
  stepOut: async (wait, signal) => {
    signal.throwIfAborted();
    await wait(signal);
    signal.throwIfAborted();
  },
  divide: () => undefined,
  partEnded: () => undefined,
};

// `node --import clock-ahead-main.ts …`: a program whose wall clock is CLOCK_AHEAD_MS ahead, as on a machine with a wrong
// time. Its monotonic clock is right.
const aheadMs = Number(process.env["CLOCK_AHEAD_MS"] ?? "0");
const RealDate = Date;

class DateAhead extends RealDate {
  constructor(...given: readonly unknown[]) {
    if (given.length === 0) super(RealDate.now() + aheadMs);
    else super(...(given as [number]));
  }

  static override now(): number {
    return RealDate.now() + aheadMs;
  }
}

globalThis.Date = DateAhead as DateConstructor;

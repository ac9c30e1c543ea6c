/** A header's value by its lower-case name, or null. */
export type HeaderReader = (name: string) => string | null;

/**
 * How long an endpoint asks us to wait, in milliseconds from `nowMs` (wall time); null when it says nothing readable.
 * Reads `retry-after-ms` (OpenAI's), then `Retry-After` in seconds or as a date (RFC 9110 §10.2.3).
 */
export function retryAfterMs(header: HeaderReader, nowMs: number): number | null {
  const milliseconds = positive(header("retry-after-ms"));
  if (milliseconds !== null) return milliseconds;
  const text = header("retry-after");
  const seconds = positive(text);
  if (seconds !== null) return seconds * 1000;
  const date = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

function positive(text: string | null): number | null {
  if (text === null || !/^\d+(\.\d+)?$/.test(text.trim())) return null;
  return Number(text);
}

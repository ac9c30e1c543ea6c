const HEX_DIGITS = 12;

/** An object's UID as subjects and labels have it: its first 12 hex digits. Those of a version 4 UUID are random. */
export function busUid(uid: string): string {
  return uid.replaceAll("-", "").slice(0, HEX_DIGITS);
}

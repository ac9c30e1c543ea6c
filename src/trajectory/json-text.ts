// What comes out of a sandbox may try to steer the terminal: JSON leaves these as they are inside strings.
const UNESCAPED_CONTROL = /[\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;

/** A value as JSON whose strings hold no control characters, only escapes of them; it parses to the same value. */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(
    UNESCAPED_CONTROL,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

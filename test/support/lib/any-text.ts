import fc from "fast-check";

const CODE_POINTS = 0x11_00_00;

/**
 * Texts of any code points, half characters among them. fast-check's own unit `binary` draws from the same, but spends
 * seconds on a table of them first.
 */
export function anyText(): fc.Arbitrary<string> {
  const ascii = fc.integer({ min: 0, max: 0x7f });
  const any = fc.integer({ min: 0, max: CODE_POINTS - 1 });
  return fc.string({ unit: fc.oneof(ascii, any).map((code) => String.fromCodePoint(code)) });
}

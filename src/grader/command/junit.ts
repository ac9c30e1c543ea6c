import type { TestResult } from "./test-result.ts";

const SKIPPED_PARTS = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<!DOCTYPE[^>]*>/gu;
const TEST = /<testcase((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(?:\/>|>([\s\S]*?)<\/testcase\s*>)/gu;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/gu;
/**
 * The tests of a JUnit report, as far as its writers agree: `testcase` elements with `classname` and `name`, failed when
 * they hold `failure` or `error`, skipped when they hold `skipped`. An id is `classname::name`, or the name alone. Null for
 * a text without any test. Source: the schema of Apache Ant's junitreport.
 */
export function readJunit(xml: string): readonly TestResult[] | null {
  const tests = Array.from(
    xml.replace(SKIPPED_PARTS, "").matchAll(TEST),
    ([, attributes = "", inside = ""]): TestResult => ({ id: idOf(attributes), outcome: outcomeOf(inside) }),
  );
  return tests.length === 0 ? null : tests;
}

function outcomeOf(inside: string): TestResult["outcome"] {
  // An element that is never closed holds its next one.
  if (/<(?:failure|error|testcase)[\s>/]/u.test(inside)) return "failed";
  return /<skipped[\s>/]/u.test(inside) ? "skipped" : "passed";
}

function idOf(text: string): string {
  const attributes = new Map<string, string>();
  for (const [, name = "", double, single] of text.matchAll(ATTRIBUTE)) {
    attributes.set(name, plain(double ?? single ?? ""));
  }
  const classname = attributes.get("classname") ?? "";
  const name = attributes.get("name") ?? "";
  return classname === "" ? name : `${classname}::${name}`;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function plain(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/giu, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return codePoint(Number(decimal)) ?? whole;
    if (hex !== undefined) return codePoint(Number.parseInt(hex, 16)) ?? whole;
    return ENTITIES[name] ?? whole;
  });
}

function codePoint(code: number): string | null {
  return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : null;
}

import { expect, it } from "vitest";
import { toolProblems } from "./check-tools.ts";

const toolWith = (parameters: unknown) => [
  { name: "x", parameters, exec: { argv: ["ls", "{{ arguments.other }}"] } },
];

it.each([
  { type: "object", properties: {}, additionalProperties: true },
  { type: "object", properties: {}, additionalProperties: { type: "string" } },
  { type: "object", patternProperties: { ".": {} } },
  { type: "object", anyOf: [{ properties: { other: {} } }] },
  { type: "object", $defs: { a: { type: "object" } }, $ref: "#/$defs/a" },
])("takes a schema that may allow more arguments at its word (%#)", (parameters) => {
  expect(toolProblems(toolWith(parameters))).toEqual([]);
});

it("refuses an unknown argument of a closed schema, and of a tool without parameters", () => {
  expect(toolProblems(toolWith({ type: "object", properties: { a: {} } }))).toHaveLength(1);
  expect(toolProblems(toolWith(undefined))).toHaveLength(1);
});

it("takes draft-07 and draft 2020-12, and refuses a reference to nowhere", () => {
  const tuple = { type: "object", properties: { other: { type: "array", items: [{ type: "string" }] } } };
  expect(toolProblems(toolWith({ ...tuple, $schema: "http://json-schema.org/draft-07/schema#" }))).toEqual(
    [],
  );
  expect(
    toolProblems(toolWith({ ...tuple, $schema: "https://json-schema.org/draft/2020-12/schema" })),
  ).toHaveLength(1);
  const lost = { type: "object", properties: { other: { $ref: "#/$defs/none" } } };
  expect(toolProblems(toolWith(lost))).toEqual([
    { path: [0, "parameters"], message: expect.stringContaining("is not a valid JSON schema") },
  ]);
});

it.each([undefined, null, 3, [3, null, { exec: 4 }, { exec: { argv: "x", env: [] } }, { parameters: [] }]])(
  "bears what is no list of tools (%#)",
  (tools) => {
    expect(toolProblems(tools)).toEqual([]);
  },
);

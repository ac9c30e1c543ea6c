import { describe, expect, it } from "vitest";
import { environmentSpecSchema } from "./environment.ts";
import type { EnvironmentSpec } from "./environment.ts";
import { renderExec } from "./exec-tool.ts";
import { resolveTools } from "./tool-definitions.ts";
import type { ResolvedTool } from "./tool-definitions.ts";
import { validateArguments } from "./validate-arguments.ts";

function environmentWith(tools: readonly unknown[]): EnvironmentSpec {
  return environmentSpecSchema.parse({
    limits: { toolSeconds: 33 },
    tools,
    grader: { type: "string_check", name: "g", operation: "eq", input: "a", reference: "a" },
  });
}

function onlyTool(tool: unknown): ResolvedTool {
  const [resolved] = resolveTools(environmentWith([tool]));
  if (resolved === undefined) throw new Error("no tool was resolved");
  return resolved;
}

const search = {
  name: "search",
  description: "Search.",
  parameters: {
    type: "object",
    properties: {
      pattern: { type: "string" },
      files: { type: "array", items: { type: "string" } },
      mode: { enum: ["a", "b"] },
      depth: { type: "integer", minimum: 1 },
    },
    required: ["pattern"],
    additionalProperties: false,
  },
  exec: {
    argv: ["grep", "-e", "{{ arguments.pattern }}", "--", "{{ arguments.files }}"],
    stdin: "in {{ arguments.pattern }}",
    cwd: "{{ arguments.mode }}",
    env: { KEY: "{{ item.key }}" },
    timeoutSeconds: 7,
  },
};

describe("resolveTools", () => {
  it("expands presets between the tools of one's own, in order", () => {
    const tools = resolveTools(environmentWith([{ preset: "shell" }, search, { preset: "files" }]));
    expect(tools.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "shell shell",
      "exec search",
      "files.list list_files",
      "files.read read_file",
      "files.write write_file",
      "files.apply_patch apply_patch",
    ]);
  });

  it("tells the model name, description and parameters", () => {
    expect(onlyTool(search).definition).toEqual({
      name: "search",
      description: "Search.",
      parameters: search.parameters,
    });
  });

  it("takes a tool's own timeout before the environment's", () => {
    expect(onlyTool(search).timeoutSeconds).toBe(7);
    expect(onlyTool({ preset: "shell" }).timeoutSeconds).toBe(33);
  });

  it("gives a tool without parameters an empty object schema", () => {
    const tool = onlyTool({ name: "now", http: { url: "http://127.0.0.1/now" } });
    expect(tool).toMatchObject({ kind: "http", url: "http://127.0.0.1/now", headers: {} });
    expect(validateArguments(tool, "")).toEqual({ ok: true, arguments: {} });
    expect(validateArguments(tool, '{"x":1}')).toEqual({ ok: false, problem: 'Unknown argument "x".' });
  });
});

describe("validateArguments", () => {
  it.each([
    ["{", "The arguments are not valid JSON."],
    ["[]", "The arguments must be a JSON object."],
    ["null", "The arguments must be a JSON object."],
    ["{}", 'The argument "pattern" is required.'],
    ['{"pattern":1}', 'The argument "pattern" must be string.'],
    ['{"pattern":"x","depth":"1"}', 'The argument "depth" must be integer.'],
    ['{"pattern":"x","depth":0}', 'The argument "depth" must be >= 1.'],
    ['{"pattern":"x","mode":"c"}', 'The argument "mode" must be one of ["a","b"].'],
    ['{"pattern":"x","files":["a",2]}', 'The argument "files[1]" must be string.'],
    ['{"pattern":"x","patern":"y"}', 'Unknown argument "patern".'],
  ])("refuses %s with one sentence", (text, problem) => {
    expect(validateArguments(onlyTool(search), text)).toEqual({ ok: false, problem });
  });

  it("shows a long unknown name short", () => {
    const check = validateArguments(
      onlyTool(search),
      JSON.stringify({ pattern: "x", ["n".repeat(5000)]: 1 }),
    );
    expect(check.ok ? "" : check.problem.length).toBeLessThan(120);
  });

  it("answers with a sentence when a recursive schema meets a very deep value", () => {
    const tree = { type: "object", properties: { t: { $ref: "#" } } };
    const tool = onlyTool({ name: "t", parameters: tree, http: { url: "http://127.0.0.1/" } });
    const deep = '{"t":'.repeat(200_000) + "{}" + "}".repeat(200_000);
    expect(validateArguments(tool, deep)).toEqual({
      ok: false,
      problem: "The arguments are nested too deeply.",
    });
  });
});

describe("renderExec", () => {
  const execOf = (tool: unknown) => {
    const resolved = onlyTool(tool);
    if (resolved.kind !== "exec") throw new Error("not an exec tool");
    return resolved.exec;
  };

  it("makes a command of arguments and passes the item by env only", () => {
    const args = { pattern: "a b; rm", files: ["x", "y z"], mode: "src" };
    expect(renderExec(execOf(search), args, { key: "k", answer: "secret" })).toEqual({
      ok: true,
      exec: {
        argv: ["grep", "-e", "a b; rm", "--", "x", "y z"],
        stdin: "in a b; rm",
        cwd: "src",
        env: { KEY: "k" },
      },
    });
  });

  it("leaves out the working folder when its argument is absent", () => {
    const rendering = renderExec(execOf(search), { pattern: "x" }, {});
    expect(rendering).toMatchObject({
      ok: true,
      exec: { argv: ["grep", "-e", "x", "--"], env: { KEY: "" } },
    });
    expect(rendering.ok && "cwd" in rendering.exec).toBe(false);
  });

  it("tells the model of a NUL character and of an empty command", () => {
    expect(renderExec(execOf(search), { pattern: "a\0b" }, {})).toEqual({
      ok: false,
      problem: "The arguments contain a NUL character, which no command can take.",
    });
    const anyCommand = { ...search, exec: { argv: ["{{ arguments.files }}"] } };
    expect(renderExec(execOf(anyCommand), { files: [] }, {})).toEqual({
      ok: false,
      problem: "The arguments name no command.",
    });
  });
});

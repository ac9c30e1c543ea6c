import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { isJsonObject } from "../../../src/lib/json.ts";

/** A small valid Environment with a tool of each kind, and a grader of several. */
export function sampleEnvironment(name: string): JsonObject {
  return {
    apiVersion: "rollyard.dev/v1alpha1",
    kind: "Environment",
    metadata: { name },
    spec: {
      sandbox: { image: "registry.example/tools:1", resources: { requests: { cpu: 0.5, memory: "64Mi" } } },
      prompt: [{ role: "user", content: "{{ item.question }}" }],
      tools: [
        {
          name: "search",
          parameters: { type: "object", properties: { q: { type: "string" } } },
          exec: { argv: ["grep"] },
        },
        { name: "lookup", http: { url: "https://tools.example/lookup" } },
        { preset: "shell" },
        { preset: "files" },
      ],
      grader: {
        type: "multi",
        name: "both",
        graders: {
          set: {
            type: "set_match",
            name: "set",
            input: "{{ sample.output_text }}",
            reference: "x",
            metric: "f1",
          },
          judge: {
            type: "score_model",
            name: "judge",
            model: "judge",
            input: [{ role: "user", content: "?" }],
          },
        },
        calculate_output: "set * judge",
      },
      judges: { judge: { baseURL: "http://127.0.0.1:1/v1" } },
    },
  };
}

/** A small valid RolloutJob. */
export function sampleJob(name: string): JsonObject {
  return {
    apiVersion: "rollyard.dev/v1alpha1",
    kind: "RolloutJob",
    metadata: { name },
    spec: {
      environmentRef: { name: "sample" },
      dataset: { inline: [{ question: "Where?", files: ["a.js"] }] },
      model: { baseURL: "http://127.0.0.1:1/v1", name: "policy" },
    },
  };
}

/** The object with the value at a path such as `spec.tools.0.name`; undefined takes the field away. */
export function withValue(object: JsonObject, path: string, value: JsonValue | undefined): JsonObject {
  const [first = "", ...rest] = path.split(".");
  const inner = rest.length === 0 ? value : changeInside(object[first], rest.join("."), value);
  return { ...object, [first]: inner };
}

function changeInside(
  container: JsonValue | undefined,
  path: string,
  value: JsonValue | undefined,
): JsonValue {
  if (!Array.isArray(container)) return withValue(isJsonObject(container) ? container : {}, path, value);
  const changed = withValue(Object.fromEntries(container.entries()), path, value);
  return Object.values(changed).filter((each) => each !== undefined);
}

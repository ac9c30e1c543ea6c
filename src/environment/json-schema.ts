import { Ajv, MissingRefError } from "ajv";
import type { ErrorObject, Options, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { RollyardError } from "../errors/rollyard-error.ts";
import { textOrUndefined } from "../lib/half-valid.ts";
import type { JsonObject } from "../lib/json.ts";

/** A JSON schema that was read once and can check many values. */
export interface CompiledJsonSchema {
  /** One sentence that names the first thing wrong with a value, or undefined when the value is valid. */
  firstProblem(value: unknown): string | undefined;
}

/** Nothing is coerced or filled in; `format` is a note, as it is for the model's endpoints. */
const OPTIONS: Options = { strict: false, validateFormats: false, logger: false };

const MAX_SHOWN_NAME = 64;

/**
 * Compiles a JSON schema: draft 2020-12, or draft-07 and -06 where `$schema` says so.
 * Throws `tool_config_error` with the reason when it is not a valid schema.
 */
export function compileJsonSchema(schema: JsonObject): CompiledJsonSchema {
  const validate = compile(schema);
  return {
    firstProblem: (value) => {
      if (validate(value)) return undefined;
      const [error] = validate.errors ?? [];
      return error === undefined ? "The arguments are not valid." : sentenceOf(error);
    },
  };
}

/** Those that know the schemas of schemas, which cost more to compile than two hundred tools. */
const knowing: { old: Ajv | undefined; new: Ajv2020 | undefined } = { old: undefined, new: undefined };

/** Each schema is compiled on its own, for two of them may have the same `$id`. */
const ALONE: Options = { ...OPTIONS, meta: false, validateSchema: false };

function compile(schema: JsonObject): ValidateFunction {
  const isOldDraft = /draft-0[67]/.test(textOrUndefined(schema["$schema"]) ?? "");
  try {
    // It throws; only schemas of its own making are checked in the background.
    if (isOldDraft) void (knowing.old ??= new Ajv(OPTIONS)).validateSchema(schema, true);
    else void (knowing.new ??= new Ajv2020(OPTIONS)).validateSchema(schema, true);
    return compileAlone(schema, isOldDraft);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown reason";
    throw new RollyardError("tool_config_error", {
      message: `is not a valid JSON schema: ${reason}`,
      cause,
    });
  }
}

function compileAlone(schema: JsonObject, isOldDraft: boolean): ValidateFunction {
  try {
    return isOldDraft ? new Ajv(ALONE).compile(schema) : new Ajv2020(ALONE).compile(schema);
  } catch (error) {
    if (!(error instanceof MissingRefError)) throw error;
    // It may mean the schema of schemas.
    return isOldDraft ? new Ajv(OPTIONS).compile(schema) : new Ajv2020(OPTIONS).compile(schema);
  }
}

function sentenceOf(error: ErrorObject): string {
  const at = dotted(error.instancePath);
  switch (error.keyword) {
    case "required":
      return `The argument ${quoted(join(at, String(error.params["missingProperty"])))} is required.`;
    case "additionalProperties":
    case "unevaluatedProperties":
      return `Unknown argument ${quoted(join(at, unknownProperty(error)))}.`;
    case "enum":
      return `${subject(at)} must be one of ${JSON.stringify(error.params["allowedValues"])}.`;
    default:
      return `${subject(at)} ${error.message ?? "is not valid"}.`;
  }
}

function unknownProperty(error: ErrorObject): string {
  return String(error.params["additionalProperty"] ?? error.params["unevaluatedProperty"]);
}

function subject(at: string): string {
  return at === "" ? "The arguments object" : `The argument ${quoted(at)}`;
}

/** A JSON pointer as people write it: `/files/0/path` becomes `files[0].path`. */
function dotted(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : join(path, part)), "");
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** Names come from the model, so they are shown short. */
function quoted(name: string): string {
  return JSON.stringify(name.length > MAX_SHOWN_NAME ? `${name.slice(0, MAX_SHOWN_NAME)}…` : name);
}

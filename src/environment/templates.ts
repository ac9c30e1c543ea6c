import { RollyardError } from "../errors/rollyard-error.ts";
import { parseTemplatePath, valueAtPath } from "./template-path.ts";
import type { TemplatePath } from "./template-path.ts";

/** A piece of a compiled template: text as it is, or a place whose value goes there. */
export type TemplatePart = string | TemplatePath;

/** A text that was read once and can be rendered many times. */
export interface Template {
  readonly source: string;
  readonly parts: readonly TemplatePart[];
}

/** What a template may use: namespace → value. */
export type TemplateScope = Readonly<Record<string, unknown>>;

/** How values are taken. */
export interface RenderOptions {
  /** Namespaces in which an absent value is a `template_error`; elsewhere it is empty. */
  readonly strict?: readonly string[];
  /** What is put around a value's text inside a text; by default nothing. */
  readonly around?: (text: string, path: TemplatePath) => string;
}

/**
 * Reads a text with `{{ path }}` in it.
 * Throws `template_error` for an opening without its end and for a path that can't be read.
 */
export function compileTemplate(source: string): Template {
  const parts: TemplatePart[] = [];
  let position = 0;
  while (position < source.length) {
    const open = source.indexOf("{{", position);
    if (open === -1) break;
    const close = source.indexOf("}}", open + 2);
    if (close === -1) {
      throw new RollyardError("template_error", { message: 'has "{{" without "}}" after it' });
    }
    if (open > position) parts.push(source.slice(position, open));
    parts.push(parseTemplatePath(source.slice(open + 2, close)));
    position = close + 2;
  }
  if (position < source.length) parts.push(source.slice(position));
  return { source, parts };
}

/** The paths that a template uses, in order. */
export function templatePaths(template: Template): readonly TemplatePath[] {
  return template.parts.filter((part) => typeof part !== "string");
}

/** The only path of a template that is nothing else, such as `{{ item.answer }}`; blanks outside count as text. */
export function wholePath(template: Template): TemplatePath | undefined {
  const [first, second] = template.parts;
  return second === undefined && typeof first === "object" ? first : undefined;
}

/**
 * Renders into text: strings as they are, absent and null empty, everything else as JSON.
 * Throws `template_error` for an absent value of a strict namespace, naming the path and never a value.
 */
export function renderText(template: Template, scope: TemplateScope, options: RenderOptions = {}): string {
  const { around = (text) => text } = options;
  return template.parts
    .map((part) => (typeof part === "string" ? part : around(asText(lookUp(part, scope, options)), part)))
    .join("");
}

/**
 * Renders into a value: a template that is one whole path keeps what it finds (undefined when absent),
 * any other becomes text as by {@link renderText}, which also says what is thrown.
 */
export function renderValue(template: Template, scope: TemplateScope, options: RenderOptions = {}): unknown {
  const path = wholePath(template);
  return path === undefined ? renderText(template, scope, options) : lookUp(path, scope, options);
}

/**
 * Renders a command: each template is one argument, but one that is a whole path spreads a list into several
 * arguments and gives none when its value is absent or null. Throws as {@link renderText}.
 */
export function renderArgv(
  templates: readonly Template[],
  scope: TemplateScope,
  options: RenderOptions = {},
): string[] {
  return templates.flatMap((template) => {
    const value = renderValue(template, scope, options);
    if (value === undefined || value === null) return [];
    return Array.isArray(value) ? value.map(asElement) : [asElement(value)];
  });
}

function lookUp(path: TemplatePath, scope: TemplateScope, options: RenderOptions): unknown {
  const root = Object.hasOwn(scope, path.namespace) ? scope[path.namespace] : undefined;
  const value = valueAtPath(root, path.segments);
  if (value === undefined && options.strict?.includes(path.namespace)) {
    throw new RollyardError("template_error", { message: `"${path.text}" does not exist` });
  }
  return value;
}

function asText(value: unknown): string {
  return value === undefined || value === null ? "" : asElement(value);
}

function asElement(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

import { parseAllDocuments } from "yaml";

/** A container, as far as tests run it or look at it. */
export interface ChartContainer {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly ContainerVariable[];
  readonly startupProbe?: { readonly httpGet: { readonly path: string } };
}

/** A variable of a container. */
export interface ContainerVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
    readonly fieldRef?: { readonly fieldPath: string };
  };
}

/** A pod's specification. */
export interface ChartPodSpec {
  readonly containers: readonly ChartContainer[];
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly securityContext?: object;
}

/** An object that the chart makes. */
export interface ChartObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: ChartSpec;
}

/** What tests look at of an object's specification: a pod's own, or that of what makes pods. */
export interface ChartSpec extends Partial<ChartPodSpec> {
  readonly replicas?: number;
  readonly template?: { readonly metadata: ChartObject["metadata"]; readonly spec: ChartPodSpec };
}

/** The objects of a text that helm has rendered. */
export function parseObjects(text: string): readonly ChartObject[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as ChartObject | null)
    .filter((object) => object !== null);
}

/** The one object of this kind and name. */
export function findObject(objects: readonly ChartObject[], kind: string, name: string): ChartObject {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  const [object] = found;
  if (object === undefined || found.length !== 1)
    throw new Error(`${found.length} objects are ${kind} ${name}`);
  return object;
}

/** The specification of the pods that an object makes, or is. Null for one that makes none. */
export function podSpecOf({ spec }: ChartObject): ChartPodSpec | null {
  if (spec?.containers !== undefined) return { ...spec, containers: spec.containers };
  return spec?.template?.spec ?? null;
}

/** A container's variables as a kubelet gives them, with `$(NAME)` replaced by what stands before. */
export function containerEnv(
  { env = [] }: ChartContainer,
  secrets: (name: string, key: string) => string,
  fields: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const known: Record<string, string> = {};
  for (const variable of env) known[variable.name] = valueOf(variable, { secrets, fields, known });
  return known;
}

interface Sources {
  readonly secrets: (name: string, key: string) => string;
  readonly fields: Readonly<Record<string, string>>;
  readonly known: Readonly<Record<string, string>>;
}

function valueOf({ name, value, valueFrom }: ContainerVariable, { secrets, fields, known }: Sources): string {
  if (value !== undefined)
    return value.replaceAll(/\$\((\w+)\)/gu, (text, other: string) => known[other] ?? text);
  if (valueFrom?.secretKeyRef !== undefined)
    return secrets(valueFrom.secretKeyRef.name, valueFrom.secretKeyRef.key);
  const field = fields[valueFrom?.fieldRef?.fieldPath ?? ""];
  if (field === undefined) throw new Error(`the test knows no value of ${name}`);
  return field;
}

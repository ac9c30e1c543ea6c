import { z } from "zod";
import { listOrEmpty, objectOrEmpty } from "../../lib/half-valid.ts";
import { isJsonObject } from "../../lib/json.ts";
import type { JsonObject } from "../../lib/json.ts";
import { dnsLabelSchema } from "../../lib/schema/names.ts";
import { API_CATEGORY, API_GROUP, API_VERSION } from "../api-group.ts";
import type { ApiKind } from "../api-group.ts";
import { structuralSchema } from "./structural-schema.ts";

/** A column of `kubectl get`; one with a priority above 0 is shown by `-o wide` only. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "integer" | "number" | "string" | "date";
  readonly jsonPath: string;
  readonly description: string;
  readonly priority?: number;
}

/** What makes one kind's CRD different from the other's. Schemas are structural ones. */
export interface CrdParts {
  readonly kind: ApiKind;
  readonly description: string;
  readonly spec: JsonObject;
  readonly status: JsonObject;
  readonly columns: readonly PrinterColumn[];
  /** The scale subresource; without it there is none. */
  readonly scale?: JsonObject;
  /** Fields of `spec` that field selectors may name. */
  readonly selectableFields?: readonly string[];
}

/** The structural schema of what users may write of a zod schema. */
export function crdSchema(schema: z.ZodType): JsonObject {
  return structuralSchema(
    z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", reused: "inline" }) as JsonObject,
  );
}

/** The structural schema of a status. What may be null may be absent too: a merge patch takes a null away. */
export function crdStatusSchema(schema: z.ZodType): JsonObject {
  return { ...withoutNulls(crdSchema(schema)), description: "What the controller has seen and done." };
}

function withoutNulls(schema: JsonObject): JsonObject {
  const { nullable: _, properties, required, ...rest } = schema;
  if (!isJsonObject(properties)) return rest;
  const fields = Object.entries(properties).map(([name, field]) => [name, objectOrEmpty(field)] as const);
  const mayBeNull = fields.filter(([, field]) => field["nullable"] === true).map(([name]) => name);
  const needed = listOrEmpty(required).filter(
    (name) => typeof name !== "string" || !mayBeNull.includes(name),
  );
  return {
    ...rest,
    properties: Object.fromEntries(fields.map(([name, field]) => [name, withoutNulls(field)])),
    ...(needed.length === 0 ? {} : { required: needed }),
  };
}

/** The CustomResourceDefinition of one kind. */
export function crd({ kind, columns, scale, selectableFields = [], ...parts }: CrdParts): JsonObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${kind.plural}.${API_GROUP}` },
    spec: {
      group: API_GROUP,
      scope: "Namespaced",
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: [kind.shortName],
        categories: [API_CATEGORY],
      },
      versions: [
        {
          name: API_VERSION,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: objectSchema(parts) },
          subresources: { status: {}, ...(scale === undefined ? {} : { scale }) },
          additionalPrinterColumns: columns.map((column) => ({ ...column })),
          ...(selectableFields.length === 0
            ? {}
            : { selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })) }),
        },
      ],
    },
  };
}

function objectSchema({ description, spec, status }: Pick<CrdParts, "description" | "spec" | "status">) {
  return {
    type: "object",
    description,
    required: ["spec"],
    properties: {
      apiVersion: { type: "string", description: "Version of this schema." },
      kind: { type: "string", description: "The kind." },
      // The name is the one part of metadata about which a CRD may say something.
      metadata: { type: "object", properties: { name: crdSchema(dnsLabelSchema) } },
      spec,
      status,
    },
  } satisfies JsonObject;
}

import { describe, expect, it } from "vitest";
import { metadataWithoutManagedFields, withoutManagedFields } from "./managed-fields.ts";

const MANAGED = [
  {
    manager: "kubelet",
    fieldsV1: { "f:spec": {}, "f:args": { 'v:["]},"]': {}, 'k:{"name":"a"}': { ".": {} } } },
    subresource: "status",
  },
];

const pod = (name: string, managedFields: object = MANAGED) => ({
  metadata: {
    name,
    annotations: { last: JSON.stringify({ metadata: { name, managedFields: MANAGED }, spec: {} }) },
    managedFields,
  },
  spec: { args: ['{"managedFields":[]},"spec":{}'] },
  status: {},
});

function withoutThem({ metadata, ...rest }: ReturnType<typeof pod>): object {
  const { managedFields: _, ...others } = metadata;
  return { metadata: others, ...rest };
}

describe("withoutManagedFields", () => {
  it("leaves out the managed fields of an object and nothing else, whatever its texts hold", () => {
    const line = JSON.stringify({ type: "ADDED", object: pod("a") });
    const event = JSON.parse(withoutManagedFields(line)) as unknown;
    expect(event).toEqual({ type: "ADDED", object: withoutThem(pod("a")) });
  });

  it("leaves them out of every object of a list", () => {
    const items = [pod("a"), pod("b"), pod("c", [])];
    const list = JSON.parse(withoutManagedFields(JSON.stringify({ metadata: {}, items }))) as unknown;
    expect(list).toEqual({ metadata: {}, items: items.map(withoutThem) });
  });

  it.each([
    ["an object without them", { metadata: { name: "a" }, spec: {} }],
    ["an object without a spec", { metadata: { name: "a", managedFields: MANAGED }, data: {} }],
    ["what has more metadata behind them", { metadata: { managedFields: MANAGED, name: "a" }, spec: {} }],
  ])("leaves %s as it is", (_, object) => {
    const json = JSON.stringify(object);
    expect(withoutManagedFields(json)).toBe(json);
  });
});

describe("metadataWithoutManagedFields", () => {
  it("leaves out the managed fields of an object's metadata", () => {
    const { metadata } = pod("a");
    const json = JSON.stringify({ kind: "PartialObjectMetadata", metadata });
    const { managedFields: _, ...others } = metadata;
    const found = JSON.parse(metadataWithoutManagedFields(`${json}\n`)) as unknown;
    expect(found).toEqual({ kind: "PartialObjectMetadata", metadata: others });
  });

  it("leaves an answer that has none as it is", () => {
    const json = JSON.stringify({ kind: "Status", message: "exceeded quota" });
    expect(metadataWithoutManagedFields(json)).toBe(json);
  });
});

/** No text of an object can hold it: there its quotes are escaped. */
const BEGIN = ',"managedFields":[';
/** They are the last of the metadata of whatever kube-apiserver has a type for, and the spec follows. */
const BEFORE_SPEC = ']},"spec":{';
const AT_END = "]}}";

/**
 * The JSON of one or many objects of a built-in kind that has a spec, without `metadata.managedFields`: of a pod they are
 * nearly half, and dear to parse, for their keys are all different. Not for custom resources, which have their fields in
 * another order and may hold anything.
 */
export function withoutManagedFields(json: string): string {
  let kept = "";
  let from = 0;
  for (let at = json.indexOf(BEGIN); at >= 0; at = json.indexOf(BEGIN, from)) {
    const end = json.indexOf(BEFORE_SPEC, at);
    if (end < 0) break;
    kept += json.slice(from, at);
    from = end + 1;
  }
  return from === 0 ? json : kept + json.slice(from);
}

/** The same of a PartialObjectMetadata, which has nothing behind its metadata. */
export function metadataWithoutManagedFields(json: string): string {
  const at = json.indexOf(BEGIN);
  return at >= 0 && json.trimEnd().endsWith(AT_END) ? `${json.slice(0, at)}}}` : json;
}

/** Where the mistake behind a failure code is, for the sentence that ends a job. */
const FIELDS: Readonly<Record<string, string>> = {
  model_unreachable: "spec.model.baseURL",
  model_unauthorized: "spec.model.apiKeySecret",
  model_not_found: "spec.model.name",
  model_bad_request: "spec.model",
  model_quota_exhausted: "the quota behind spec.model.apiKeySecret",
  secret_not_found: "spec.model.apiKeySecret, a judge's or a tool's secret",
  template_error: "the templates of the Environment",
  dataset_invalid: "spec.dataset",
  tool_config_error: "spec.tools of the Environment",
  grader_config_error: "spec.grader and spec.judges of the Environment",
  grader_import_missing: "spec.grader and the packages of its Python",
  launcher_unavailable: "spec.sandbox of the Environment",
  image_required: "spec.sandbox.image of the Environment",
};

/** The field to look at for a failure code; null for codes that are nobody's setting. */
export function fieldOfCode(code: string): string | null {
  return FIELDS[code] ?? null;
}

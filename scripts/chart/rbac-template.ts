const SYSTEM = "rollyard-system";
const FULLNAME = '{{ include "rollyard.fullname" . }}';
const LABELS = '{{- include "rollyard.labels" . | nindent 4 }}';

/**
 * A file of config/rbac as a template of the chart: the same rules with their reasons, in the names and the namespace of the
 * release. The namespace itself is Helm's to make; who looks after one namespace alone gets no ClusterRoleBinding.
 */
export function rbacTemplate(text: string): string {
  const documents = text
    .trimEnd()
    .concat("\n")
    .split(/^---\n/mu)
    .filter((document) => !/^kind: Namespace$/mu.test(document))
    .map((document) => guarded(named(document), conditionOf(document)));
  return documents.join("---\n");
}

/** When a release has the object; null for always. */
function conditionOf(document: string): string | null {
  if (document.includes("name: rollyard-gateway")) return ".Values.gateway.enabled";
  const isForAll = /^kind: ClusterRoleBinding$/mu.test(document) && document.includes("rollyard-controller");
  return isForAll ? "not .Values.watchNamespace" : null;
}

function guarded(document: string, condition: string | null): string {
  if (condition === null) return document;
  return `{{- if ${condition} }}\n${document.trimEnd()}\n{{- end }}\n`;
}

function named(document: string): string {
  return document
    .replaceAll(/^(\s*(?:- )?name: )rollyard(?=-)/gmu, `$1${FULLNAME}`)
    .replaceAll(/^(\s*resourceNames: .*)$/gmu, (line) =>
      line.replaceAll("rollyard-gateway", `${FULLNAME}-gateway`),
    )
    .replaceAll(`namespace: ${SYSTEM}`, "namespace: {{ .Release.Namespace }}")
    .replace(
      /^metadata:\n((?: {2}(?!labels:).*\n)+)(?: {2}labels:\n)?/mu,
      `metadata:\n$1  labels:\n    ${LABELS}\n`,
    );
}

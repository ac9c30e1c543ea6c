const SYSTEM = "rollyard-system";
const FULLNAME = '{{ include "rollyard.fullname" . }}';
const LABELS = '{{- include "rollyard.labels" . | nindent 4 }}';

/**
 * A file of config/rbac as a template of the chart: the same rules with their reasons, in the names and the namespace of the
 * release. The namespace itself is Helm's to make; who looks after one namespace alone gets no ClusterRoleBinding.
 */
export function rbacTemplate(text: string): string {
  const documents = text
    .split(/^---\n/mu)
    .filter((document) => !/^kind: Namespace$/mu.test(document))
    .map((document) => (isForAll(document) ? unlessNarrow(named(document)) : named(document)));
  return documents.join("---\n");
}

function isForAll(document: string): boolean {
  return /^kind: ClusterRoleBinding$/mu.test(document) && document.includes("rollyard-controller");
}

function unlessNarrow(document: string): string {
  return `{{- if not .Values.watchNamespace }}\n${document}{{- end }}\n`;
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

{{/* What names of objects begin with. */}}
{{- define "rollyard.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that never change: what selects the pods of a component. Takes (dict "root" $ "component" "worker"). */}}
{{- define "rollyard.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of pods: none that a new version of the chart alone would change. Takes what "rollyard.selector" takes. */}}
{{- define "rollyard.podLabels" -}}
{{ include "rollyard.selector" . }}
app.kubernetes.io/part-of: rollyard
{{- end -}}

{{/* Labels of every object. Takes the root. */}}
{{- define "rollyard.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: rollyard
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* The image of the services. */}}
{{- define "rollyard.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}

{{/* The image that sandboxd is copied from. */}}
{{- define "rollyard.sandboxdImage" -}}
{{- $repository := default (printf "%s-sandboxd" .Values.image.repository) .Values.sandboxd.image.repository -}}
{{- $tag := coalesce .Values.sandboxd.image.tag .Values.image.tag .Chart.AppVersion -}}
{{- printf "%s:%s" $repository $tag -}}
{{- end -}}

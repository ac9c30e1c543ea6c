{{/* The bus as a service's configuration file has it. */}}
{{- define "rollyard.natsServers" -}}
{{- if .Values.nats.url -}}
{{- range (splitList "," .Values.nats.url) }}
- {{ trimPrefix "nats://" . | quote }}
{{- end -}}
{{- else }}
- {{ printf "%s-nats.%s.svc:4222" (include "rollyard.fullname" .) .Release.Namespace | quote }}
{{- end -}}
{{- end -}}

{{/* Name of the Secret with the passwords of the NATS users; empty for a server that asks for none. */}}
{{- define "rollyard.natsSecret" -}}
{{- if .Values.nats.auth.existingSecret -}}
{{- .Values.nats.auth.existingSecret -}}
{{- else if not .Values.nats.url -}}
{{- include "rollyard.fullname" . }}-nats-auth
{{- end -}}
{{- end -}}

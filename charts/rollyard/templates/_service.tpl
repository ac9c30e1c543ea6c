{{/*
A service's configuration: what the user says, and what the chart knows.
Takes (dict "root" $ "component" "worker" "values" .Values.worker "more" (dict …)).
*/}}
{{- define "rollyard.serviceConfig" -}}
{{- $nats := dict "servers" (include "rollyard.natsServers" .root | fromYamlArray) -}}
{{- if eq .component "controller" -}}
{{- $_ := set $nats "replicas" .root.Values.nats.replicas -}}
{{- with .root.Values.nats.maxMiB }}{{ $_ := set $nats "maxMiB" . }}{{ end -}}
{{- end -}}
{{- $known := dict "nats" $nats "metrics" (dict "port" .root.Values.metrics.port) -}}
{{- toYaml (merge $known (default dict .more) .values.config) }}
{{- end -}}

{{/* ConfigMap and Deployment of a service. Takes what "rollyard.serviceConfig" takes, "graceSeconds", "reachesApi" and "ports". */}}
{{- define "rollyard.service" -}}
{{- $name := printf "%s-%s" (include "rollyard.fullname" .root) .component -}}
{{- $config := include "rollyard.serviceConfig" . -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "rollyard.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
data:
  config.yaml: |
    {{- $config | nindent 4 }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "rollyard.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  replicas: {{ .values.replicas }}
  # A new process is ready before an old one is told to hand over.
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 25%
  selector:
    matchLabels:
      {{- include "rollyard.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "rollyard.podLabels" . | nindent 8 }}
        rollyard.dev/watched: "true"
        {{- with .values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        {{- include "rollyard.podAnnotations" (dict "root" .root "values" .values "config" $config) | nindent 8 }}
    spec:
      {{- include "rollyard.servicePod" . | nindent 6 }}
{{- end -}}

{{- define "rollyard.servicePod" -}}
{{- $name := printf "%s-%s" (include "rollyard.fullname" .root) .component -}}
automountServiceAccountToken: {{ default false .reachesApi }}
{{- if .reachesApi }}
serviceAccountName: {{ $name }}
{{- end }}
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .graceSeconds }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "rollyard.podSecurity" . | nindent 2 }}
containers:
  - name: {{ .component }}
    image: {{ include "rollyard.image" .root | quote }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    command: [node, dist/services/{{ .component }}/main.js]
    args: [--config, /etc/rollyard/config.yaml]
    env:
      {{- with include "rollyard.natsSecret" .root }}
      - name: NATS_PASSWORD
        valueFrom:
          secretKeyRef:
            name: {{ . }}
            key: {{ $.component }}
      {{- end }}
      {{- with .nodeOptions }}
      - name: NODE_OPTIONS
        value: {{ . | quote }}
      {{- end }}
      {{- with .values.extraEnv }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    ports:
      {{- range $port, $number := .ports }}
      - name: {{ $port }}
        containerPort: {{ $number }}
      {{- end }}
      - name: metrics
        containerPort: {{ .root.Values.metrics.port }}
    livenessProbe:
      httpGet: {path: /healthz, port: metrics}
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
    readinessProbe:
      httpGet: {path: /readyz, port: metrics}
      periodSeconds: 5
      timeoutSeconds: 5
    resources:
      {{- toYaml .values.resources | nindent 6 }}
    securityContext:
      {{- include "rollyard.containerSecurity" . | nindent 6 }}
    volumeMounts:
      - name: config
        mountPath: /etc/rollyard
        readOnly: true
volumes:
  - name: config
    configMap:
      name: {{ $name }}
{{- include "rollyard.placement" . | nindent 0 }}
{{- end -}}

{{/* Records of two minor versions ago are read, and no older ones: an upgrade over more goes step by step. */}}
{{- define "rollyard.checkUpgrade" -}}
{{- $name := printf "%s-controller" (include "rollyard.fullname" .) -}}
{{- $installed := lookup "apps/v1" "Deployment" .Release.Namespace $name -}}
{{- $was := dig "metadata" "labels" "app.kubernetes.io/version" "" $installed -}}
{{- if $was -}}
{{- $from := semver $was -}}
{{- $to := semver .Chart.AppVersion -}}
{{- if and (eq $from.Major $to.Major) (gt (sub $to.Minor $from.Minor) 2) -}}
{{- fail (printf "Rollyard %s is installed, and %s reads what at most two minor versions before it wrote. Upgrade to %d.%d first." $was .Chart.AppVersion $from.Major (add $from.Minor 2)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

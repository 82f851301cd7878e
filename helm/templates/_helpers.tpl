{{- define "stint.labels" -}}
app.kubernetes.io/name: stint
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "stint.selector" -}}
app.kubernetes.io/name: stint
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Fails if the cluster has this definition with another spec. */}}
{{- define "stint.requireCrd" -}}
{{- $found := lookup .apiVersion .kind "" .metadata.name -}}
{{- $hash := "stint.dev/spec-hash" -}}
{{- if and $found (ne (get .metadata.annotations $hash) (dig "metadata" "annotations" $hash "none" $found)) -}}
{{- fail (printf "the cluster's %s is not that of this chart, and helm does not change it; first: helm show crds CHART | kubectl apply --server-side --force-conflicts -f -" .metadata.name) -}}
{{- end -}}
{{- end }}

{{- /* The Secret with the gateway's certificate authority: one that people keep, or the operator's own. */}}
{{- define "stint.caSecret" -}}
{{ .Values.gateway.caSecret | default "stint-gateway-ca" }}
{{- end }}

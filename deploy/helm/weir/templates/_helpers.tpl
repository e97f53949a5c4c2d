{{- define "weir.name" -}}{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}{{- end }}

{{- define "weir.fullname" -}}
{{- if .Values.fullnameOverride -}}{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "weir.name" .) .Release.Name -}}{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-%s" .Release.Name (include "weir.name" .) | trunc 63 | trimSuffix "-" }}{{- end -}}
{{- end }}

{{- define "weir.selector" -}}
app.kubernetes.io/name: {{ include "weir.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "weir.labels" -}}
{{ include "weir.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "weir.serviceAccount" -}}{{ .Values.serviceAccount.name | default (ternary (include "weir.fullname" .) "default" .Values.serviceAccount.create) }}{{- end }}

{{- define "weir.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "weir.sidecar" -}}{{ if eq .Values.mode "sidecar" }}true{{ end }}{{- end }}

{{/* What cannot work is said before anything is applied. */}}
{{- define "weir.check" -}}
{{- $several := or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) -}}
{{- if and (not .Values.redis.addresses) $several (not .Values.existingConfigMap) -}}
{{- fail "several Weirs need redis.addresses: without it each would count rates and budgets for itself" -}}
{{- end -}}
{{- if and .Values.redis.addresses (not .Values.storeSecret.name) (not .Values.existingConfigMap) -}}
{{- fail "redis.addresses needs storeSecret.name: Weirs that share a Redis derive placeholders and secrets from the same secret" -}}
{{- end -}}
{{- if and .Values.persistence.enabled $several (eq .Values.persistence.accessMode "ReadWriteOnce") -}}
{{- fail "persistence with ReadWriteOnce is for one Weir; several keep rates, budgets and keys on redis" -}}
{{- end -}}
{{- range list "listen" "store" "envoy" -}}
{{- if hasKey $.Values.config . -}}{{- fail (printf "config.%s is the chart's to say" .) -}}{{- end -}}
{{- end -}}
{{- if hasKey (default dict (get .Values.config "limits")) "drain" -}}{{- fail "config.limits.drain is the chart's to say: drain.openSeconds" -}}{{- end -}}
{{- end }}

{{/* The whole configuration file. */}}
{{- define "weir.config" -}}
{{- $c := deepCopy .Values.config -}}
{{- $admin := dict "listen" (printf "0.0.0.0:%d" (int .Values.ports.admin)) -}}
{{- if .Values.adminToken.name -}}{{- $_ := set $admin "token" (dict "file" "/etc/weir/keys/admin/token") -}}{{- end -}}
{{- $_ := set $c "admin" (mergeOverwrite (deepCopy (default dict (get $c "admin"))) $admin) -}}
{{- $store := dict "path" "/data/weir.db" -}}
{{- if .Values.storeSecret.name -}}{{- $_ := set $store "secret" (dict "file" "/etc/weir/keys/store/secret") -}}{{- end -}}
{{- if .Values.redis.addresses -}}
{{- $redis := dict "addresses" .Values.redis.addresses -}}
{{- with .Values.redis.master -}}{{- $_ := set $redis "master" . -}}{{- end -}}
{{- with .Values.redis.username -}}{{- $_ := set $redis "username" . -}}{{- end -}}
{{- if .Values.redis.cluster -}}{{- $_ := set $redis "cluster" true -}}{{- end -}}
{{- if .Values.redis.tls -}}{{- $_ := set $redis "tls" true -}}{{- end -}}
{{- if .Values.redis.passwordSecret.name -}}{{- $_ := set $redis "password" (dict "file" "/etc/weir/keys/redis/password") -}}{{- end -}}
{{- $_ := set $store "redis" $redis -}}
{{- end -}}
{{- $_ := set $c "store" $store -}}
{{- $_ := set $c "limits" (mergeOverwrite (deepCopy (default dict (get $c "limits"))) (dict "drain" (printf "%ds" (int .Values.drain.openSeconds)))) -}}
{{- if include "weir.sidecar" . -}}
{{- $_ := set $c "listen" "unix:/run/weir/weir.sock" -}}
{{- $_ := set $c "envoy" (dict "listen" (printf "0.0.0.0:%d" (int .Values.envoy.port)) "secrets" "/run/weir/secrets" "admin" "unix:/run/weir/envoy-admin.sock") -}}
{{- else -}}
{{- $_ := set $c "listen" (printf "0.0.0.0:%d" (int .Values.ports.extproc)) -}}
{{- end -}}
{{- toYaml $c -}}
{{- end }}

{{- define "weir.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 101
runAsGroup: 101
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "weir.mounts" -}}
- {name: config, mountPath: /etc/weir/config, readOnly: true}
- {name: data, mountPath: /data}
{{- if include "weir.sidecar" . }}
- {name: run, mountPath: /run/weir}
{{- end }}
{{- if .Values.adminToken.name }}
- {name: admin-token, mountPath: /etc/weir/keys/admin, readOnly: true}
{{- end }}
{{- if .Values.storeSecret.name }}
- {name: store-secret, mountPath: /etc/weir/keys/store, readOnly: true}
{{- end }}
{{- if .Values.redis.passwordSecret.name }}
- {name: redis-password, mountPath: /etc/weir/keys/redis, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "weir.environment" -}}
env:
  - {name: GOMEMLIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
{{- with .Values.env }}
{{ toYaml . | indent 2 }}
{{- end }}
{{- with .Values.envFrom }}
envFrom:
{{ toYaml . | indent 2 }}
{{- end }}
{{- end }}

{{/* Weir's own container. */}}
{{- define "weir.container" -}}
name: weir
image: {{ include "weir.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [serve, --config, /etc/weir/config/weir.yaml, --log-format, json]
{{ include "weir.environment" . }}
ports:
{{- if not (include "weir.sidecar" .) }}
  - {name: grpc-extproc, containerPort: {{ .Values.ports.extproc }}}
{{- end }}
  - {name: http-admin, containerPort: {{ .Values.ports.admin }}}
startupProbe:
  httpGet: {path: /readyz, port: http-admin}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: http-admin}
  periodSeconds: 10
  timeoutSeconds: 3
{{- if not (include "weir.sidecar" .) }}
readinessProbe:
  httpGet: {path: /readyz, port: http-admin}
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 2
lifecycle:
  preStop: {sleep: {seconds: {{ .Values.drain.waitSeconds }}}}
{{- end }}
resources: {{- toYaml .Values.resources | nindent 2 }}
securityContext: {{- include "weir.security" . | nindent 2 }}
volumeMounts: {{- include "weir.mounts" . | nindent 2 }}
{{- end }}

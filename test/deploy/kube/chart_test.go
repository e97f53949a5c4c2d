package kube

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

// rendered is what the chart makes of values.
func rendered(t *testing.T, values string) ([]resource, error) {
	t.Helper()
	c, err := loader.Load(root + "/deploy/helm/weir")
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := yaml.Unmarshal([]byte(values), &v); err != nil {
		t.Fatal(err)
	}
	all, err := chartutil.ToRenderValues(c, v, chartutil.ReleaseOptions{Name: "weir", Namespace: "weir", IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Engine{Strict: true}.Render(c, all)
	if err != nil {
		return nil, err
	}
	var out []resource
	for name, text := range files {
		if strings.HasSuffix(name, ".yaml") {
			out = append(out, split(t, []byte(text))...)
		}
	}
	slices.SortFunc(out, func(a, b resource) int {
		return strings.Compare(a.Kind+" "+a.Metadata.Name, b.Kind+" "+b.Metadata.Name)
	})
	return out, nil
}

// typed reads a resource strictly: a field that its type does not have is an error.
func typed(r resource) (any, error) {
	var into any
	switch r.APIVersion + " " + r.Kind {
	case "v1 ConfigMap":
		into = &core.ConfigMap{}
	case "v1 Service":
		into = &core.Service{}
	case "v1 ServiceAccount":
		into = &core.ServiceAccount{}
	case "v1 PersistentVolumeClaim":
		into = &core.PersistentVolumeClaim{}
	case "apps/v1 Deployment":
		into = &apps.Deployment{}
	case "autoscaling/v2 HorizontalPodAutoscaler":
		into = &autoscaling.HorizontalPodAutoscaler{}
	case "policy/v1 PodDisruptionBudget":
		into = &policy.PodDisruptionBudget{}
	case "networking.k8s.io/v1 NetworkPolicy":
		into = &networking.NetworkPolicy{}
	case "monitoring.coreos.com/v1 ServiceMonitor":
		into = &monitoring.ServiceMonitor{}
	default:
		return nil, fmt.Errorf("nobody expects %s %s", r.APIVersion, r.Kind)
	}
	return into, yaml.UnmarshalStrict(r.text, into)
}

// The values that a team would give, by what for.
var cases = map[string]struct{ values, kinds string }{
	"as it is":          {"", "ConfigMap Deployment NetworkPolicy Service ServiceAccount"},
	"a file that stays": {"persistence: {enabled: true, storageClass: fast}", "ConfigMap Deployment NetworkPolicy PersistentVolumeClaim Service ServiceAccount"},
	"several": {`
redis: {addresses: ["redis-0:6379", "redis-1:6380"], tls: true, username: weir, passwordSecret: {name: redis, key: password}}
storeSecret: {name: weir-store, key: secret}
adminToken: {name: weir-admin, key: token}
autoscaling: {enabled: true}
serviceMonitor: {enabled: true, labels: {release: prometheus}}
envFrom: [{secretRef: {name: providers}}]
env: [{name: HTTPS_PROXY, value: "http://proxy:3128"}]
extraVolumes: [{name: rego, configMap: {name: rego}}]
extraVolumeMounts: [{name: rego, mountPath: /etc/weir/policies}]
nodeSelector: {pool: gateways}
tolerations: [{key: gateways, operator: Exists}]
networkPolicy: {envoys: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: envoy-gateway-system}}}], egress: [{ports: [{protocol: TCP, port: 443}]}]}
podLabels: {team: platform}
podAnnotations: {example.com/a: b}
imagePullSecrets: [{name: registry}]
priorityClassName: high
config: {providers: [{name: openai, kind: openai}], models: [{name: gpt-4o, provider: openai}], tenants: [{id: acme}], policies: {dir: /etc/weir/policies}}
`, "ConfigMap Deployment HorizontalPodAutoscaler NetworkPolicy PodDisruptionBudget Service ServiceAccount ServiceMonitor"},
	"beside an Envoy of its own": {`
mode: sidecar
replicas: 3
redis: {addresses: ["redis:6379"]}
storeSecret: {name: weir-store, key: secret}
envoy: {service: {type: LoadBalancer}}
`, "ConfigMap Deployment NetworkPolicy PodDisruptionBudget Service Service ServiceAccount"},
	"a configuration of one's own": {"existingConfigMap: mine", "Deployment NetworkPolicy Service ServiceAccount"},
}

// Whatever the values, each object is of its type, and there are those that there must be.
func TestChart(t *testing.T) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			list, err := rendered(t, c.values)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, r := range list {
				kinds = append(kinds, r.Kind)
				o, err := typed(r)
				if err != nil {
					t.Errorf("%s %s: %v\n%s", r.Kind, r.Metadata.Name, err, r.text)
					continue
				}
				if r.Metadata.Labels["app.kubernetes.io/instance"] != "weir" {
					t.Errorf("%s: labels %v", r.Kind, r.Metadata.Labels)
				}
				switch o := o.(type) {
				case *apps.Deployment:
					safe(t, o)
					ends(t, o)
				case *core.ConfigMap:
					configured(t, o.Data["weir.yaml"])
				}
			}
			if got := strings.Join(kinds, " "); got != c.kinds {
				t.Errorf("%s, want %s", got, c.kinds)
			}
		})
	}
}

// The values that come with the manifests of a mesh let its Envoys reach Weir, which run in namespaces of their own.
func TestTheChartLetsEnvoysIn(t *testing.T) {
	for mesh, namespace := range map[string]string{"istio": "istio-system", "envoy-gateway": "envoy-gateway-system"} {
		list, err := rendered(t, string(readFile(t, root, "deploy", mesh, "values.yaml")))
		if err != nil {
			t.Errorf("deploy/%s/values.yaml: %v", mesh, err)
			continue
		}
		found := false
		for _, r := range list {
			o, err := typed(r)
			if err != nil {
				t.Fatal(err)
			}
			p, ok := o.(*networking.NetworkPolicy)
			if !ok {
				continue
			}
			from := p.Spec.Ingress[0].From
			found = len(from) == 1 && from[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] == namespace
			if mesh != "istio" {
				continue
			}
			last := p.Spec.Egress[len(p.Spec.Egress)-1]
			if len(last.To) != 1 || last.To[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] != namespace || last.Ports[0].Port.IntValue() != 15012 {
				t.Errorf("deploy/istio/values.yaml: the sidecar does not reach istiod: %+v", last)
			}
		}
		if !found {
			t.Errorf("deploy/%s/values.yaml: no Envoy of %s may reach Weir", mesh, namespace)
		}
	}
}

// What open exchanges may take is Weir's, too, and a policy lets Weir reach the master that its Sentinels name.
func TestTheChartTellsWeir(t *testing.T) {
	list, err := rendered(t, `
drain: {openSeconds: 300}
redis: {addresses: ["sentinel-0:26379", "sentinel-1:26379"], master: weir, masterPort: 6380}
storeSecret: {name: weir-store, key: secret}
config: {limits: {body: 1MiB}}
`)
	if err != nil {
		t.Fatal(err)
	}
	var ports []int
	text := ""
	for _, r := range list {
		o, err := typed(r)
		if err != nil {
			t.Fatal(err)
		}
		switch o := o.(type) {
		case *core.ConfigMap:
			text = o.Data["weir.yaml"]
		case *networking.NetworkPolicy:
			for _, rule := range o.Spec.Egress {
				for _, p := range rule.Ports {
					ports = append(ports, p.Port.IntValue())
				}
			}
		}
	}
	if !strings.Contains(text, "drain: 300s") || !strings.Contains(text, "body: 1MiB") {
		t.Errorf("the configuration does not say how long open exchanges may take:\n%s", text)
	}
	if !slices.Contains(ports, 26379) || !slices.Contains(ports, 6380) {
		t.Errorf("Weir may reach the ports %v, and not both Sentinels and their master", ports)
	}
}

// safe says what no container may do, and that each selector finds its pods.
func safe(t *testing.T, d *apps.Deployment) {
	t.Helper()
	pod := d.Spec.Template
	for k, v := range d.Spec.Selector.MatchLabels {
		if pod.Labels[k] != v {
			t.Errorf("the selector does not find the pods: %s", k)
		}
	}
	if *pod.Spec.AutomountServiceAccountToken || !*pod.Spec.SecurityContext.RunAsNonRoot {
		t.Error("the pod has a token, or may run as root")
	}
	volumes := map[string]bool{}
	for _, v := range pod.Spec.Volumes {
		volumes[v.Name] = true
	}
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		s := c.SecurityContext
		if s == nil || !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || *s.RunAsUser == 0 || len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" {
			t.Errorf("container %s may do more than it needs", c.Name)
		}
		if c.Resources.Limits.Memory().IsZero() {
			t.Errorf("container %s has no bound of memory", c.Name)
		}
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				t.Errorf("container %s: there is no volume %s", c.Name, m.Name)
			}
		}
	}
}

// ends says that a pod has the time that its containers take to end.
func ends(t *testing.T, d *apps.Deployment) {
	t.Helper()
	pod := d.Spec.Template.Spec
	grace := *pod.TerminationGracePeriodSeconds
	for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
		if c.Lifecycle != nil && c.Lifecycle.PreStop.Sleep.Seconds >= grace {
			t.Errorf("%s waits %d s of %d", c.Name, c.Lifecycle.PreStop.Sleep.Seconds, grace)
		}
	}
	// Weir lets open exchanges finish for 30 s after it is told to stop, and writes what it owes for 5 more.
	if last := pod.Containers[0]; last.Name == "weir" && last.Lifecycle.PreStop.Sleep.Seconds+30+5 > grace {
		t.Errorf("Weir would be killed: %d s", grace)
	}
}

// configured says that Weir takes the configuration, as far as its schema tells.
func configured(t *testing.T, text string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(readFile(t, root, "cmd", "extproc", "config", "schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	j, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(j))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("the configuration: %v\n%s", err, text)
	}
}

// Values that cannot work are refused before anything is applied, and say why.
func TestChartRefuses(t *testing.T) {
	for values, want := range map[string]string{
		"config: {limits: {drain: 5s}}":                               "config.limits.drain is the chart's to say: drain.openSeconds",
		"replicas: 2":                                                 "several Weirs need redis.addresses",
		"autoscaling: {enabled: true}":                                "several Weirs need redis.addresses",
		"redis: {addresses: [\"redis:6379\"]}":                        "storeSecret.name",
		"redis: {addresses: [redis]}\nstoreSecret: {name: a, key: b}": "addresses",
		"mode: daemonset":                                             "mode",
		"replica: 2":                                                  "replica",
		"config: {listen: \"0.0.0.0:1\"}":                             "config",
		"drain: {openSeconds: 5}":                                     "openSeconds",
		"image: {repository: weir, digest: x}":                        "digest",
		"resources: {requests: {cpu: 1}}":                             "",
	} {
		_, err := rendered(t, values)
		if want == "" {
			if err != nil {
				t.Errorf("%s: %v", values, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", values, err, want)
		}
	}
}

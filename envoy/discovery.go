package envoy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// The files of a directory that an Envoy follows.
const (
	clustersFile = "clusters.json"
	routesFile   = "routes.json"
	minorFile    = "minor" // which Envoy they are for
)

// routesName is the name of the one route configuration.
const routesName = "weir"

// DiscoveryDir is where the files that an Envoy follows stand, beside the credentials in a directory.
func DiscoveryDir(dir string) string { return filepath.Join(dir, "discovery") }

// Followed says whether an Envoy follows the files of a directory, and which minor it is. It follows those of a directory
// that WriteDiscovery has made.
func Followed(dir string) (minor int, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(dir, minorFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("reading which Envoy is told: %w", err)
	}
	minor, err = strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || minor < MinMinor {
		return 0, false, fmt.Errorf("%s: %.20q is no minor of Envoy", filepath.Join(dir, minorFile), b)
	}
	return minor, true, nil
}

// WriteDiscovery writes clusters and routes for an Envoy whose bootstrap says Options.Discovery. A file whose content
// stays is left alone, and one that changes is replaced in one step. It says whether there was anything to replace.
func WriteDiscovery(dir string, minor int, clusters []*clusterv3.Cluster, routes []*routev3.RouteConfiguration) (changed bool, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, fmt.Errorf("writing for Envoy: %w", err)
	}
	c, err := response(clusters)
	if err != nil {
		return false, fmt.Errorf("writing clusters for Envoy: %w", err)
	}
	r, err := response(routes)
	if err != nil {
		return false, fmt.Errorf("writing routes for Envoy: %w", err)
	}
	for _, f := range []struct {
		name string
		text []byte
	}{{clustersFile, c}, {routesFile, r}, {minorFile, []byte(strconv.Itoa(minor) + "\n")}} {
		path := filepath.Join(dir, f.name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, f.text) {
			continue
		}
		if err := replace(path, f.text); err != nil {
			return changed, fmt.Errorf("writing %s for Envoy: %w", f.name, err)
		}
		changed = true
	}
	return changed, nil
}

// response is a list of resources in the form that Envoy reads. Its version is made of its content.
func response[M proto.Message](list []M) ([]byte, error) {
	r := &discoveryv3.DiscoveryResponse{}
	sum := sha256.New()
	for _, m := range list {
		a := new(anypb.Any)
		if err := anypb.MarshalFrom(a, m, proto.MarshalOptions{Deterministic: true}); err != nil {
			return nil, fmt.Errorf("packing: %w", err)
		}
		_, _ = sum.Write(a.Value) // never fails: hash.Hash
		r.Resources = append(r.Resources, a)
	}
	r.VersionInfo = hex.EncodeToString(sum.Sum(nil)[:8])
	return marshal(r)
}

// source is a file of the directory that Envoy follows.
func (w *writer) source(name string) *corev3.ConfigSource {
	return &corev3.ConfigSource{
		ResourceApiVersion: corev3.ApiVersion_V3,
		ConfigSourceSpecifier: &corev3.ConfigSource_PathConfigSource{PathConfigSource: &corev3.PathConfigSource{
			Path: filepath.Join(w.o.Discovery, name), WatchedDirectory: &corev3.WatchedDirectory{Path: w.o.Discovery},
		}},
	}
}

// aggregated is Weir itself, over the one stream for everything.
func aggregated() *corev3.ConfigSource {
	return &corev3.ConfigSource{
		ResourceApiVersion:    corev3.ApiVersion_V3,
		ConfigSourceSpecifier: &corev3.ConfigSource_Ads{Ads: &corev3.AggregatedConfigSource{}},
	}
}

// asking is where everything comes from that is served by Weir.
func asking() *bootstrapv3.Bootstrap_DynamicResources {
	return &bootstrapv3.Bootstrap_DynamicResources{
		LdsConfig: aggregated(), CdsConfig: aggregated(),
		AdsConfig: &corev3.ApiConfigSource{
			ApiType: corev3.ApiConfigSource_GRPC, TransportApiVersion: corev3.ApiVersion_V3,
			GrpcServices: []*corev3.GrpcService{{TargetSpecifier: &corev3.GrpcService_EnvoyGrpc_{
				EnvoyGrpc: &corev3.GrpcService_EnvoyGrpc{ClusterName: ExtProcCluster},
			}}},
		},
	}
}

// routing puts the routes where Envoy finds them: into the listener, into a file beside it, or with Weir.
func (w *writer) routing(h *hcmv3.HttpConnectionManager) {
	switch {
	case w.o.XDS:
		h.RouteSpecifier = &hcmv3.HttpConnectionManager_Rds{Rds: &hcmv3.Rds{RouteConfigName: routesName, ConfigSource: aggregated()}}
	case w.o.Discovery != "":
		h.RouteSpecifier = &hcmv3.HttpConnectionManager_Rds{Rds: &hcmv3.Rds{RouteConfigName: routesName, ConfigSource: w.source(routesFile)}}
	default:
		h.RouteSpecifier = &hcmv3.HttpConnectionManager_RouteConfig{RouteConfig: w.routes()}
	}
}

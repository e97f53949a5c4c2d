package envoy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
)

// Outlet hands routes, providers' clusters and their credentials to the Envoy that follows the files of a directory, where
// one does. A cluster that is not among the options any more stays for the requests that were decided on before, and for
// their further attempts. It is safe for concurrent use.
type Outlet struct {
	dir string // of credentials; DiscoveryDir of it is what Envoy follows

	mu      sync.Mutex
	minor   int // of the Envoy; 0: nothing was handed over yet
	now     []*clusterv3.Cluster
	keep    time.Duration // how long the attempts of one request may take by what is there now
	routes  []*routev3.RouteConfiguration
	leaving Leaving[*clusterv3.Cluster]
	secrets map[string]bool // whose credentials stand in files
}

// NewOutlet is an outlet for the directory that credentials are written to.
func NewOutlet(dir string) *Outlet {
	return &Outlet{dir: dir, leaving: Leaving[*clusterv3.Cluster]{}, secrets: map[string]bool{}}
}

// Followed says whether an Envoy follows the files, and which minor it is.
func (o *Outlet) Followed() (minor int, ok bool, err error) { return Followed(DiscoveryDir(o.dir)) }

// Handed says whether anything was handed over yet.
func (o *Outlet) Handed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.minor > 0
}

// Hand writes what options say of providers, for the minor that they say, with the credentials that belong to them. Those
// that are not among them any more stay until Settled says that nothing new is sent to them. fresh says that there are
// clusters which were not there before.
func (o *Outlet) Hand(options Options, secrets []Secret) (fresh bool, err error) {
	r, err := NewResources(options)
	if err != nil {
		return false, fmt.Errorf("what Envoy follows: %w", err)
	}
	if err := WriteSecrets(o.dir, secrets); err != nil {
		return false, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	fresh = o.replace(r.Clusters)
	o.minor, o.routes, o.keep = options.Minor, r.Routes, options.Attempts()
	for _, s := range secrets {
		o.secrets[s.Provider] = true
	}
	return fresh, o.write()
}

// replace puts clusters in the place of those that are there.
func (o *Outlet) replace(list []*clusterv3.Cluster) (fresh bool) {
	old := map[string]*clusterv3.Cluster{}
	for _, c := range o.now {
		old[c.Name] = c
	}
	for _, c := range list {
		if _, known := old[c.Name]; !known {
			fresh = true
		}
		delete(old, c.Name)
		delete(o.leaving, c.Name)
	}
	for name, c := range old {
		o.leaving.Add(name, c, o.keep)
	}
	o.now = list
	return fresh
}

// Settled says that from a time on no request is decided on with clusters that are not among the options any more. They
// leave when the attempts of those before are over.
func (o *Outlet) Settled(at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.leaving.Settled(at)
}

// write writes what is there and what is leaving.
func (o *Outlet) write() error {
	_, err := WriteDiscovery(DiscoveryDir(o.dir), o.minor, slices.Concat(o.now, o.leaving.All()), o.routes)
	return err
}

// Tidy takes away what has left by a time: clusters, and the credentials that only they sent.
func (o *Outlet) Tidy(now time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.leaving.Tidy(now) {
		return nil
	}
	if err := o.write(); err != nil {
		return err
	}
	if len(o.leaving) > 0 {
		return nil // what is still leaving may need them
	}
	var failed []error
	for name := range o.secrets {
		if slices.ContainsFunc(o.now, func(c *clusterv3.Cluster) bool { return c.Name == OrderName(name) }) {
			continue
		}
		if err := os.Remove(SecretFile(o.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, fmt.Errorf("removing a credential that nobody uses: %w", err))
		}
		delete(o.secrets, name)
	}
	return errors.Join(failed...)
}

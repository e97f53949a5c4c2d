package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"weir/policy/store"
)

// Redis is the store that several Weirs share for rates, budgets, keys and tenants. Without one they are kept in the file.
type Redis struct {
	// Addresses are host:port: one server, nodes of a cluster, or the Sentinels where master is set.
	Addresses []string `yaml:"addresses" json:"addresses" jsonschema:"example=127.0.0.1:6379"`
	// Master is the name the Sentinels know the master by.
	Master string `yaml:"master,omitempty" json:"master,omitempty"`
	// Cluster says that it is a cluster, also where only one node is named.
	Cluster bool `yaml:"cluster,omitempty" json:"cluster,omitempty"`
	// Username is that of the server's ACL.
	Username string `yaml:"username,omitempty" json:"username,omitempty"`
	// Password is that of the server.
	Password Reference `yaml:"password,omitempty" json:"password,omitempty"`
	// SentinelPassword is that of the Sentinels.
	SentinelPassword Reference `yaml:"sentinel_password,omitempty" json:"sentinel_password,omitempty"`
	// TLS reaches the server over TLS.
	TLS bool `yaml:"tls,omitempty" json:"tls,omitempty"`
	// CA is a file of the certificates that may have signed the server's; without one the system's are trusted.
	CA string `yaml:"ca,omitempty" json:"ca,omitempty"`
	// Prefix starts every key; weir where nothing is said.
	Prefix string `yaml:"prefix,omitempty" json:"prefix,omitempty" jsonschema:"example=weir"`
	// Timeout bounds one round trip, like 500ms.
	Timeout string `yaml:"timeout,omitempty" json:"timeout,omitempty" jsonschema:"example=500ms"`
}

func (c *checker) redis(r *Redis) {
	if r == nil {
		return
	}
	const at = "store.redis"
	if len(r.Addresses) == 0 {
		c.add(at+".addresses", "nothing", "at least one host:port", "")
	}
	for i, a := range r.Addresses {
		if host, port, err := net.SplitHostPort(a); err != nil || host == "" || port == "" {
			c.add(fmt.Sprintf("%s.addresses[%d]", at, i), fmt.Sprintf("%q", a), "host:port, like 127.0.0.1:6379", "")
		}
	}
	if r.Master != "" && r.Cluster {
		c.add(at+".cluster", "true beside master", "one of them", "Sentinels watch a single server, a cluster watches itself")
	}
	if r.CA != "" && !r.TLS {
		c.add(at+".ca", fmt.Sprintf("%q", r.CA), "tls: true beside it", "")
	}
	c.reference(at+".password", r.Password, true)
	c.reference(at+".sentinel_password", r.SentinelPassword, true)
	if _, err := r.timeout(); err != nil {
		c.add(at+".timeout", fmt.Sprintf("%q", r.Timeout), "a duration between 10ms and 1m, like 500ms", "")
	}
}

func (r *Redis) timeout() (time.Duration, error) {
	if r.Timeout == "" {
		return store.DefaultTimeout, nil
	}
	d, err := time.ParseDuration(r.Timeout)
	if err == nil && (d < 10*time.Millisecond || d > time.Minute) {
		err = errors.New("out of range")
	}
	return d, err
}

// Options are what a store is opened with. It reads the secrets that the configuration names.
func (r *Redis) Options() (o store.RedisOptions, err error) {
	o = store.RedisOptions{Addresses: r.Addresses, Master: r.Master, Cluster: r.Cluster, Username: r.Username, Prefix: r.Prefix}
	if o.Timeout, err = r.timeout(); err != nil {
		return o, fmt.Errorf("store.redis.timeout: %w", err)
	}
	if o.Password, err = r.Password.Secret(); err != nil {
		return o, fmt.Errorf("store.redis.password: %w", err)
	}
	if o.SentinelPassword, err = r.SentinelPassword.Secret(); err != nil {
		return o, fmt.Errorf("store.redis.sentinel_password: %w", err)
	}
	if !r.TLS {
		return o, nil
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CA == "" {
		return o, nil
	}
	pem, err := os.ReadFile(r.CA)
	if err != nil {
		return o, fmt.Errorf("store.redis.ca: %w", err)
	}
	o.TLS.RootCAs = x509.NewCertPool()
	if !o.TLS.RootCAs.AppendCertsFromPEM(pem) {
		return o, fmt.Errorf("store.redis.ca: %s holds no certificate", r.CA)
	}
	return o, nil
}

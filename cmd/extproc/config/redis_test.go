package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"weir/cmd/extproc/config"
)

func TestRedis(t *testing.T) {
	t.Setenv("WEIR_TEST_REDIS", "secret")
	c, err := config.Parse("w.yaml", []byte("store: {redis: {addresses: ['127.0.0.1:6379'], cluster: true, tls: true, timeout: 250ms, password: {env: WEIR_TEST_REDIS}}}\n"), []string{"openai"})
	if err != nil {
		t.Fatal(err)
	}
	o, err := c.Redis.Options()
	if err != nil || !o.Cluster || o.TLS == nil || o.Timeout != 250*time.Millisecond || o.Password != "secret" || o.Addresses[0] != "127.0.0.1:6379" {
		t.Fatalf("%+v, %v", o, err)
	}
}

func TestRedisRefused(t *testing.T) {
	for text, want := range map[string]string{
		"{addresses: []}":                                   "store.redis.addresses: found nothing",
		"{addresses: [localhost]}":                          "store.redis.addresses[0]: found \"localhost\"",
		"{addresses: ['a:1'], timeout: 1h}":                 "store.redis.timeout: found \"1h\"",
		"{addresses: ['a:1'], timeout: soon}":               "store.redis.timeout: found \"soon\"",
		"{addresses: ['a:1'], master: m, cluster: true}":    "store.redis.cluster: found true beside master",
		"{addresses: ['a:1'], ca: x.pem}":                   "store.redis.ca: found \"x.pem\"",
		"{addresses: ['a:1'], password: {env: A, file: B}}": "store.redis.password: found env and file",
		"{addresses: ['a:1'], password: plain}":             "store.redis.password",
		"{addresses: ['a:1'], passwords: {env: A}}":         "store.redis.passwords",
	} {
		_, err := config.Parse("w.yaml", []byte("store: {redis: "+text+"}\n"), []string{"openai"})
		var problems *config.Error
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

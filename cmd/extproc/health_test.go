package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A Weir that is ready is healthy; one that is not fails, and says what it lacks.
func TestHealth(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{200, `{"status":"ready"}`, ""},
		{503, `{"status":"not ready","why":{"store":"disk is full"}}`, "store: disk is full"},
		{503, `no JSON`, "status 503"},
		{302, ``, "status 302"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		root := newRoot()
		root.SetArgs([]string{"health", "--url", s.URL + "/readyz"})
		err := root.Execute()
		s.Close()
		if c.want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d %s: %v, want %q", c.status, c.body, err, c.want)
		}
	}
}

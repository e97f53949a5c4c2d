package admin_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"weir/admin"
	"weir/policy/audit"
	"weir/policy/tenant"
)

// Every change is written down: who, what it was about before and after, and what came of it. No key or credential is.
func TestChangesAreWrittenDown(t *testing.T) {
	o := staffed(t)
	made := o.call("POST", "/v1/keys", "admin", `{"tenant":"acme","name":"ci"}`)
	var key struct{ ID, Key string }
	if err := json.Unmarshal(made.Body.Bytes(), &key); err != nil || made.Code != 201 {
		t.Fatalf("%d %s", made.Code, made.Body)
	}
	o.call("PUT", "/v1/tenants/acme/suspension", "operator", `{"reason":"abuse"}`)
	o.call("DELETE", "/v1/keys/"+key.ID, "operator", "")
	o.call("PUT", "/v1/tenants/globex", "admin", `{"name":`)
	o.call("PUT", "/v1/tenants/acme/credentials/demo", "admin", `{"value":"sk-very-secret"}`)
	o.call("PUT", "/v1/tenants/acme/credentials/demo", "viewer", `{"value":"sk-very-secret"}`) // has no say
	w := o.call("GET", "/v1/changes", "viewer", "")
	var got struct{ Changes []audit.Change }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	document(t, o).holds(t, "/v1/changes", "GET", w)
	for i, want := range []struct {
		operation, who, tenant string
		status                 int
		before, after          string
	}{
		{"putCredential", "admin", "acme", 204, "", `"provider":"demo"`},
		{"putTenant", "admin", "globex", 422, "", ""},
		{"revokeKey", "operator", "acme", 204, `"state":"active"`, `"state":"revoked"`},
		{"suspendTenant", "operator", "acme", 204, `"status":"active"`, `"suspended_reason":"abuse"`},
		{"createKey", "admin", "acme", 201, "", `"id":"` + key.ID + `"`},
	} {
		if i >= len(got.Changes) {
			t.Fatalf("%d changes", len(got.Changes))
		}
		c := got.Changes[i]
		if c.Operation != want.operation || c.Who != want.who || c.Tenant != want.tenant || c.Status != want.status || c.Client == "" || c.At.IsZero() ||
			!strings.Contains(string(c.Before), want.before) || !strings.Contains(string(c.After), want.after) || want.before == "" && c.Before != nil || want.after == "" && c.After != nil {
			t.Errorf("change %d: %+v, %s, %s", i, c, c.Before, c.After)
		}
	}
	if len(got.Changes) != 5 || strings.Contains(w.Body.String(), key.Key) || strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "sealed") {
		t.Errorf("%s", w.Body)
	}
	if w := o.call("GET", "/v1/changes?limit=2&tenant=acme&who=operator", "viewer", ""); strings.Count(w.Body.String(), `"operation"`) != 2 || strings.Contains(w.Body.String(), "next") {
		t.Errorf("%s", w.Body)
	}
	first := o.call("GET", "/v1/changes?limit=3", "viewer", "")
	var page struct{ Next string }
	_ = json.Unmarshal(first.Body.Bytes(), &page)
	if w := o.call("GET", "/v1/changes?limit=3&cursor="+page.Next, "viewer", ""); strings.Count(w.Body.String(), `"operation"`) != 2 || page.Next == "" {
		t.Errorf("%s, %s", first.Body, w.Body)
	}
	if w := o.call("GET", "/v1/changes", "acme's", ""); strings.Contains(w.Body.String(), "globex") || !strings.Contains(w.Body.String(), "suspendTenant") {
		t.Errorf("a viewer of one tenant: %s", w.Body)
	}
	for _, query := range []string{"cursor=x", "cursor=0", "limit=0", "colour=red"} {
		if w := o.call("GET", "/v1/changes?"+query, "viewer", ""); w.Code != 400 {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
}

// noLog takes nothing.
type noLog struct{ admin.Changes }

func (noLog) Begin(context.Context, audit.Change) (int64, error) { return 0, errors.New("disk full") }

// What cannot be written down is not done.
func TestNoChangeWithoutItsLog(t *testing.T) {
	o := openWith(t, func(p *admin.Parts) { p.Changes = noLog{} })
	if status, got, _ := o.ask("PUT", "/v1/tenants/acme/suspension", `{"reason":"abuse"}`); status != 503 || strings.Contains(encoded(t, got), "disk") {
		t.Errorf("%d %v", status, got)
	}
	if _, got, _ := o.ask("GET", "/v1/tenants/acme", ""); text(got, "status") != "active" {
		t.Errorf("%v", got)
	}
	if _, err := admin.New(admin.Parts{Gatherer: prometheusOf(t), Trail: trail{}, Token: "x", Access: &admin.Access{}}); err == nil {
		t.Error("changes without a log are taken")
	}
}

// What somebody else has changed meanwhile is not undone.
func TestIfMatch(t *testing.T) {
	o := staffed(t)
	put := func(body string, headers ...string) *httptest.ResponseRecorder {
		return o.with("PUT", "/v1/tenants/globex", "admin", body, headers...)
	}
	if w := put(`{"name":"A"}`, "If-Match", "*"); w.Code != 412 {
		t.Errorf("what is not there: %d", w.Code)
	}
	first := put(`{"name":"A"}`, "If-None-Match", "*")
	if first.Code != 200 || first.Header().Get("ETag") == "" {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	if w := put(`{"name":"B"}`, "If-None-Match", "*"); w.Code != 412 {
		t.Errorf("what is there: %d", w.Code)
	}
	tag := o.call("GET", "/v1/tenants/globex", "viewer", "").Header().Get("ETag")
	if tag != first.Header().Get("ETag") {
		t.Errorf("%s and %s", tag, first.Header().Get("ETag"))
	}
	if w := put(`{"name":"B"}`, "If-Match", `"other", `+tag); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w := put(`{"name":"C"}`, "If-Match", tag)
	if w.Code != 412 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := o.call("GET", "/v1/tenants/globex", "viewer", ""); !strings.Contains(got.Body.String(), `"name":"B"`) {
		t.Errorf("%s", got.Body)
	}
	for _, c := range [][2]string{{"DELETE", "/v1/tenants/globex"}, {"PUT", "/v1/tenants/globex/suspension"}, {"DELETE", "/v1/keys/mine"}, {"PUT", "/v1/providers/demo/credential"}} {
		if w := o.with(c[0], c[1], "admin", `{"value":"x"}`, "If-Match", `"stale"`); w.Code != 412 {
			t.Errorf("%s %s: %d %s", c[0], c[1], w.Code, w.Body)
		}
	}
}

// Lists come in pages that nothing moves.
func TestPages(t *testing.T) {
	o := staffed(t)
	for i := range 5 {
		if w := o.call("PUT", fmt.Sprintf("/v1/tenants/t%d", i), "admin", `{"name":"x"}`); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		o.call("PUT", fmt.Sprintf("/v1/tenants/t0/quarantine/a%d", i), "operator", "")
		o.call("POST", "/v1/keys", "admin", `{"tenant":"t0"}`)
	}
	for path, members := range map[string]struct {
		list, name string
		count      int
	}{
		"/v1/tenants": {"tenants", "id", 6}, "/v1/keys": {"keys", "id", 6}, "/v1/tenants/t0/quarantine": {"actors", "actor", 5},
	} {
		seen, cursor := []string{}, ""
		for range 10 {
			w := o.call("GET", path+"?limit=2&cursor="+cursor, "viewer", "")
			var page map[string]json.RawMessage
			if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != 200 {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
			var entries []map[string]any
			_ = json.Unmarshal(page[members.list], &entries)
			for _, e := range entries {
				seen = append(seen, text(e, members.name))
			}
			if page["next"] == nil {
				break
			}
			_ = json.Unmarshal(page["next"], &cursor)
		}
		for i := 1; i < len(seen); i++ {
			if seen[i-1] >= seen[i] {
				t.Errorf("%s: %v", path, seen)
			}
		}
		if len(seen) != members.count {
			t.Errorf("%s: %v, want %d", path, seen, members.count)
		}
		if w := o.call("GET", path+"?limit=x", "viewer", ""); w.Code != 400 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// Who asks too often waits, and nobody else.
func TestTooManyRequests(t *testing.T) {
	s := serve(t, admin.Parts{Trail: trail{}, Token: "secret", Rate: 1, Tokens: []admin.Token{{Name: "other", Hash: tenant.HashOf("other"), Role: admin.Viewer}}})
	codes := map[string]map[int]int{}
	for _, token := range []string{"secret", "wrong", "other"} {
		codes[token] = map[int]int{}
		for range 6 {
			w := get(s, "/v1/usage", token)
			codes[token][w.Code]++
			if w.Code == http.StatusTooManyRequests && (w.Header().Get("Retry-After") == "" || w.Header().Get("Content-Type") != "application/problem+json") {
				t.Errorf("%v %s", w.Header(), w.Body)
			}
		}
	}
	if codes["secret"][200] != 3 || codes["secret"][429] != 3 || codes["wrong"][401] != 3 || codes["wrong"][429] != 3 || codes["other"][200] != 3 {
		t.Errorf("%v", codes)
	}
}

// A tail sends what is written from then on, or from behind what was read.
func TestTail(t *testing.T) {
	o := staffed(t)
	server := httptest.NewServer(o)
	defer server.Close()
	for name, c := range map[string]struct {
		query, last, token string
		want               []string
	}{
		"all":        {"", "", "viewer", []string{"2 t2", "3 t3"}},
		"one code":   {"?code=pii_detected", "", "viewer", []string{"3 t3"}},
		"one event":  {"?event=EXCHANGE", "0", "viewer", []string{"2 t2"}},
		"one tenant": {"", "1", "acme's", []string{"2 t2 acme", "3 t3 acme"}},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/v1/trail/tail"+c.query, nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		if c.last != "" {
			r.Header.Set("Last-Event-ID", c.last)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("%s: %d %v", name, resp.StatusCode, resp.Header)
		}
		lines, id := bufio.NewScanner(resp.Body), ""
		var got []string
		for len(got) < len(c.want) && lines.Scan() {
			if v, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				id = v
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var rec audit.Record
				if err := json.Unmarshal([]byte(data), &rec); err != nil {
					t.Fatal(err)
				}
				got = append(got, strings.TrimSpace(id+" "+rec.Trace+" "+rec.Tenant))
			}
		}
		if strings.Join(got, ",") != strings.Join(c.want, ",") {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		cancel()
		_ = resp.Body.Close()
	}
	for path, token := range map[string]string{"/v1/trail/tail?tenant=other": "acme's", "/v1/trail/tail?colour=red": "viewer"} {
		if w := o.call("GET", path, token, ""); w.Code != 400 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := o.with("GET", "/v1/trail/tail", "viewer", "", "Last-Event-ID", "x"); w.Code != 400 {
		t.Errorf("%d", w.Code)
	}
}

// Who looks at kept text is written down, and the text is not.
func TestALookAtKeptTextIsWrittenDown(t *testing.T) {
	o := openWith(t, func(p *admin.Parts) {
		p.Content = func(context.Context, *audit.Record, string) (*audit.Content, error) { return &audit.Content{}, nil }
	})
	if status, got, _ := o.ask("GET", "/v1/trail/t1/content", ""); status != 200 {
		t.Fatalf("%d %v", status, got)
	}
	_, got, _ := o.ask("GET", "/v1/changes?operation=traceContent", "")
	if list, _ := got["changes"].([]any); len(list) != 1 || text(list[0].(map[string]any), "path") != "/v1/trail/t1/content" || text(list[0].(map[string]any), "who") != "admin" {
		t.Errorf("%v", got)
	}
}

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/rogpeppe/go-internal/testscript"

	"weir/cmd/extproc/config"
	"weir/cmd/extproc/process"
	"weir/policy/audit"
	"weir/policy/store"
)

// commandsOfTests are what scripts may do beside running the program.
func commandsOfTests() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"exchanges": exchanges, "sql": execute, "serving": serving, "bundle": bundled,
	}
}

// exchanges FILE puts a few exchanges into the trail of a store, as a Weir does. Their clients mean no good.
func exchanges(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	secret, err := process.MasterSecret(&config.Config{StorePath: path})
	ts.Check(err)
	keys, err := audit.NewKeys(secret)
	ts.Check(err)
	s, err := store.Open(context.Background(), path)
	ts.Check(err)
	defer s.Close()
	trail, err := audit.Open(context.Background(), s, keys)
	ts.Check(err)
	for i := range 10 {
		r := audit.Record{
			Trace: fmt.Sprintf("trace-%d", i), Exchange: fmt.Sprintf("x%d", i), Time: time.Date(2026, 3, 1+i/5, 12, i, 0, 0, time.UTC), Tenant: "acme",
			KeyID: "key_1", Method: "POST", Path: "/v1/chat/completions", ModelAsked: "gpt-4o-mini", ModelServed: "gpt-4o-mini", Provider: "up",
			Status: 200, Ended: "complete", Event: "EXCHANGE", InputTokens: 100, OutputTokens: 20, CostMicro: 1_500_000, BilledMicro: 1_500_000,
			Facts:    json.RawMessage(`{"schema":1,"phase":"request","identity":{"tenant":"acme"},"settings":{}}`),
			Decision: json.RawMessage(`{"allow":true,"version":"0123456789ab"}`),
		}
		if i == 7 {
			r.Tenant, r.Actor, r.ModelAsked, r.ModelServed = "other", "\x1b[31m=evil()\u202e", "<script>\x07", ""
			r.Status, r.Ended, r.Code, r.Event, r.BilledMicro, r.CostMicro, r.OutputTokens = 400, "refused", "pii_detected", "PII_BLOCKED", 0, 0, 0
			r.Answer = `{"error":{"code":"pii_detected"}}`
			r.Findings = []audit.Finding{{Direction: "request", Type: "US_SSN", Category: "pii", Count: 1, Action: "block", Severity: "high", Score: 0.9, Rule: "pii.ssn", Place: "/messages/0/content"}}
			r.Decision = json.RawMessage(`{"allow":false,"version":"0123456789ab","reasons":[{"code":"pii_detected","mode":"enforce","detail":"US_SSN"}],"fired":[{"name":"Personal data may not be sent","file":"pii.rego","line":12}]}`)
		}
		ts.Check(trail.Append(context.Background(), r))
	}
}

// execute FILE STATEMENT changes a store behind Weir's back.
func execute(ts *testscript.TestScript, _ bool, args []string) {
	s, err := store.Open(context.Background(), ts.MkAbs(args[0]))
	ts.Check(err)
	defer s.Close()
	ts.Check(s.Write(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, args[1])
		return err
	}))
}

// bundle KEY POLICY FILE packs a policy as a bundle, signed with a shared secret, as a running Weir keeps it.
func bundled(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[1])
	module, err := ast.ParseModuleWithOpts(args[1], text, ast.ParserOptions{ProcessAnnotation: true})
	ts.Check(err)
	b := bundle.Bundle{
		Manifest: bundle.Manifest{Revision: "1", Roots: &[]string{"weir"}}, Data: map[string]any{},
		Modules: []bundle.ModuleFile{{URL: args[1], Path: args[1], Raw: []byte(text), Parsed: module}},
	}
	ts.Check(b.GenerateSignature(bundle.NewSigningConfig(strings.TrimSpace(ts.ReadFile(args[0])), "HS256", ""), "default", false))
	var out bytes.Buffer
	ts.Check(bundle.NewWriter(&out).Write(b))
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[2])), 0o700))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), out.Bytes(), 0o600))
}

// serving FILE runs a Weir with a configuration until the script ends, whose admin API the program finds by itself.
func serving(ts *testscript.TestScript, _ bool, args []string) {
	c, err := config.Load(ts.MkAbs(args[0]), process.Dialects())
	ts.Check(err)
	dir, err := os.MkdirTemp("", "weir") // a socket's path must be short
	ts.Check(err)
	ts.Defer(func() { _ = os.RemoveAll(dir) })
	c.Listen, c.AdminListen, c.StorePath, c.Envoy.Secrets = "unix:"+filepath.Join(dir, "weir.sock"), "127.0.0.1:0", ts.MkAbs(c.StorePath), ts.MkAbs(c.Envoy.Secrets)
	p, err := process.New(context.Background(), c, slog.New(slog.DiscardHandler))
	ts.Check(err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx) }()
	ts.Defer(func() {
		stop()
		ts.Check(<-done)
		p.Close()
	})
	ts.Setenv("WEIR_ADMIN_SERVER", "http://"+p.AdminAddr().String())
}

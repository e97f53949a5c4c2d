package audit_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"weir/policy/audit"
)

// hostile has in every field that a client controls what could mislead whoever reads it.
func hostile() audit.Record {
	r := whole()
	bad := "=cmd|' /C calc'!A0\n\x1b[31m<script>alert(1)</script>\u202e|a=b\\"
	r.ModelAsked, r.Actor, r.Session, r.Path, r.Method, r.Client, r.Trace = bad, bad, bad, bad, bad, bad, bad
	return r
}

func exported(t *testing.T, format string, q audit.ExportQuery, records ...audit.Record) []byte {
	t.Helper()
	trail, _ := fresh(t)
	for _, r := range records {
		if err := trail.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := trail.Export(t.Context(), &out, format, q); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestExportOfLinesIsToTheByte(t *testing.T) {
	trail, s := fresh(t)
	if err := trail.Append(t.Context(), hostile()); err != nil {
		t.Fatal(err)
	}
	var stored string
	if err := s.Read().QueryRow("SELECT record FROM trail").Scan(&stored); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if n, err := trail.Export(t.Context(), &out, audit.FormatJSONL, audit.ExportQuery{}); err != nil || n != 1 || out.String() != stored+"\n" {
		t.Errorf("%d, %v\n%s\n%s", n, err, out.String(), stored)
	}
	if _, err := trail.Export(t.Context(), &out, "xml", audit.ExportQuery{}); err == nil || !strings.Contains(err.Error(), "jsonl, csv, parquet, cef") {
		t.Errorf("a format that is none: %v", err)
	}
}

func TestExportChoosesRecords(t *testing.T) {
	list := make([]audit.Record, 6)
	for i := range list {
		list[i] = whole()
		list[i].Exchange, list[i].Tenant, list[i].Time = string(rune('a'+i)), []string{"acme", "other"}[i%2], when.Add(time.Duration(i)*time.Hour)
	}
	out := exported(t, audit.FormatCSV, audit.ExportQuery{Tenant: "acme", From: when.Add(time.Hour), Until: when.Add(4 * time.Hour)}, list...)
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][2] != "c" {
		t.Errorf("%v %q", err, rows)
	}
}

func TestExportOfATable(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(exported(t, audit.FormatCSV, audit.ExportQuery{}, whole(), hostile()))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%v, %d rows", err, len(rows))
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	for name, want := range map[string]string{
		"time": "2026-07-15T12:00:00.123Z", "tenant": "acme", "status": "451", "findings": "request:injection:3:block", "edits": "redact US_SSN 2", "billed_micro_usd": "15",
	} {
		if got := rows[1][at[name]]; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := rows[2][at["model_asked"]]; !strings.HasPrefix(got, "'=cmd") {
		t.Errorf("a formula: %q", got)
	}
	file := exported(t, audit.FormatParquet, audit.ExportQuery{}, whole(), hostile())
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil || f.NumRows() != 2 || len(f.Schema().Columns()) != len(rows[0]) {
		t.Fatalf("%v", err)
	}
	type part struct {
		Time   time.Time `parquet:"time,timestamp(millisecond)"`
		Model  string    `parquet:"model_asked"`
		Status int64     `parquet:"status"`
	}
	got, err := parquet.Read[part](bytes.NewReader(file), int64(len(file)))
	if err != nil || !got[0].Time.Equal(when) || got[0].Status != 451 || got[1].Model != hostile().ModelAsked {
		t.Errorf("%v %+v", err, got)
	}
}

// An event is one line whatever a client put into it, and no field can end early or begin another.
func TestExportOfEvents(t *testing.T) {
	out := string(exported(t, audit.FormatCEF, audit.ExportQuery{}, whole(), hostile()))
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines: %q", len(lines), out)
	}
	want := "CEF:0|Weir|Weir|2|GUARDRAIL_BLOCKED|guardrail_blocked|6|rt=1784116800123 externalId=4bf92f3577b34da6a3ce929d0e0e4736 act=blocked outcome=451 src=10.0.0.7 suser=ann " +
		"requestMethod=POST request=/v1/chat/completions destinationServiceName=openai reason=guardrail_blocked cs1Label=tenant cs1=acme cs2Label=key cs2=key_1"
	if !strings.HasPrefix(lines[0], want) {
		t.Errorf("%s\n%s", lines[0], want)
	}
	for _, bad := range []string{"\x1b", "\u202e", "|a=b"} {
		if strings.Contains(lines[1], bad) {
			t.Errorf("%q is in %q", bad, lines[1])
		}
	}
	if !strings.Contains(lines[1], `suser=\=cmd|' /C calc'!A0\n`) {
		t.Errorf("%s", lines[1])
	}
}

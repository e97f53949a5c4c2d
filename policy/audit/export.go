package audit

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

// The formats of an export.
const (
	FormatJSONL   = "jsonl"   // one record a line, as the trail keeps it, to the byte
	FormatCSV     = "csv"     // RFC 4180, with a header
	FormatParquet = "parquet" // the columns of CSV
	FormatCEF     = "cef"     // ArcSight Common Event Format, revision 26, one event a line
)

// Formats are the formats of an export.
func Formats() []string { return []string{FormatJSONL, FormatCSV, FormatParquet, FormatCEF} }

// ExportQuery says which records are exported.
type ExportQuery struct {
	Tenant      string // empty: everybody's
	From, Until time.Time
}

// sink takes one record after the other.
type sink interface {
	record(text []byte, r *Record) error
	close() error
}

// Export writes records to w, oldest first, and says how many.
func (t *Trail) Export(ctx context.Context, w io.Writer, format string, q ExportQuery) (int, error) {
	buffered := bufio.NewWriterSize(w, 1<<16)
	var out sink
	switch format {
	case FormatJSONL:
		out = &jsonLines{buffered}
	case FormatCSV:
		c := csv.NewWriter(buffered)
		c.UseCRLF = true
		if err := c.Write(columnNames()); err != nil {
			return 0, fmt.Errorf("exporting the trail: %w", err)
		}
		out = &csvRows{c}
	case FormatParquet:
		out = &parquetRows{w: parquet.NewGenericWriter[row](buffered, parquet.Compression(&parquet.Zstd))}
	case FormatCEF:
		out = &cefLines{buffered}
	default:
		return 0, fmt.Errorf("format %q: want one of %s", format, strings.Join(Formats(), ", "))
	}
	n := 0
	err := t.Each(ctx, q.From, func(text []byte) error {
		var r Record
		if err := json.Unmarshal(text, &r); err != nil {
			return fmt.Errorf("decoding a record: %w", err)
		}
		if q.Tenant != "" && r.Tenant != q.Tenant || !q.Until.IsZero() && !r.Time.Before(q.Until) {
			return nil
		}
		n++
		return out.record(text, &r)
	})
	if err == nil {
		err = out.close()
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return n, fmt.Errorf("exporting the trail: %w", err)
	}
	return n, nil
}

// row is a record as a table has it. Amounts are micro-USD, times milliseconds or microseconds as their names say.
type row struct {
	Time           time.Time `parquet:"time,timestamp(millisecond)"`
	Trace          string    `parquet:"trace"`
	Exchange       string    `parquet:"exchange"`
	Event          string    `parquet:"event,dict"`
	Tenant         string    `parquet:"tenant,dict"`
	KeyID          string    `parquet:"key_id,dict"`
	Actor          string    `parquet:"actor,dict"`
	Session        string    `parquet:"session"`
	Client         string    `parquet:"client,dict"`
	Surface        string    `parquet:"surface,dict"`
	Method         string    `parquet:"method,dict"`
	Path           string    `parquet:"path,dict"`
	ModelAsked     string    `parquet:"model_asked,dict"`
	ModelServed    string    `parquet:"model_served,dict"`
	Provider       string    `parquet:"provider,dict"`
	Stream         bool      `parquet:"stream"`
	Status         int64     `parquet:"status"`
	UpstreamStatus int64     `parquet:"upstream_status"`
	Code           string    `parquet:"code,dict"`
	Ended          string    `parquet:"ended,dict"`
	PolicyVersion  string    `parquet:"policy_version,dict"`
	Rules          string    `parquet:"rules"`    // that fired: FILE:LINE, with blanks between them
	Reasons        string    `parquet:"reasons"`  // CODE=MODE, with blanks between them
	Findings       string    `parquet:"findings"` // DIRECTION:TYPE:COUNT:ACTION, with blanks between them
	Edits          string    `parquet:"edits"`    // with semicolons between them
	Failures       string    `parquet:"failures"`
	InputTokens    int64     `parquet:"input_tokens"`
	OutputTokens   int64     `parquet:"output_tokens"`
	Estimated      bool      `parquet:"estimated"`
	Held           int64     `parquet:"held_micro_usd"`
	Cost           int64     `parquet:"cost_micro_usd"`
	Billed         int64     `parquet:"billed_micro_usd"`
	Overrun        int64     `parquet:"overrun_micro_usd"`
	OursMicros     int64     `parquet:"ours_us"`
	UpstreamMicros int64     `parquet:"upstream_us"`
	FirstMicros    int64     `parquet:"first_us"`
	TookMicros     int64     `parquet:"took_us"`
	Settlement     string    `parquet:"settlement,dict"`
	Traceparent    string    `parquet:"traceparent"`
	Count          int64     `parquet:"count"` // exchanges that the record stands for
}

func rowOf(r *Record) row {
	var d struct {
		Version string `json:"version"`
		Reasons []struct{ Code, Mode string }
		Fired   []struct {
			File string
			Line int
		}
	}
	_ = json.Unmarshal(r.Decision, &d) // an exchange that no policy was asked about has none
	var rules, reasons, findings []string
	for _, f := range d.Fired {
		rules = append(rules, fmt.Sprintf("%s:%d", f.File, f.Line))
	}
	for _, x := range d.Reasons {
		reasons = append(reasons, x.Code+"="+x.Mode)
	}
	for _, f := range r.Findings {
		findings = append(findings, fmt.Sprintf("%s:%s:%d:%s", f.Direction, f.Type, f.Count, f.Action))
	}
	return row{
		Time: r.Time.UTC(), Trace: r.Trace, Exchange: r.Exchange, Event: r.Event, Tenant: r.Tenant, KeyID: r.KeyID, Actor: r.Actor, Session: r.Session,
		Client: r.Client, Surface: r.Surface, Method: r.Method, Path: r.Path, ModelAsked: r.ModelAsked, ModelServed: r.ModelServed,
		Provider: r.Provider, Stream: r.Stream, Status: int64(r.Status), UpstreamStatus: int64(r.UpstreamStatus), Code: r.Code, Ended: r.Ended,
		PolicyVersion: d.Version, Rules: strings.Join(rules, " "), Reasons: strings.Join(reasons, " "), Findings: strings.Join(findings, " "),
		Edits: strings.Join(r.Edits, ";"), Failures: strings.Join(r.Failures, " "), InputTokens: r.InputTokens, OutputTokens: r.OutputTokens,
		Estimated: r.Estimated, Held: r.HeldMicro, Cost: r.CostMicro, Billed: r.BilledMicro, Overrun: r.OverrunMicro,
		OursMicros: r.OursMicros, UpstreamMicros: r.UpstreamMicros, FirstMicros: r.FirstMicros,
		TookMicros: r.TookMicros, Settlement: r.Settlement, Traceparent: r.Traceparent, Count: max(r.Count, 1),
	}
}

// jsonLines writes records as they are.
type jsonLines struct{ w *bufio.Writer }

func (j *jsonLines) record(text []byte, _ *Record) error {
	_, _ = j.w.Write(text)
	return j.w.WriteByte('\n') // a writer keeps its first error
}
func (j *jsonLines) close() error { return nil }

// parquetRows writes rows in groups, so that memory stays bounded.
type parquetRows struct {
	w    *parquet.GenericWriter[row]
	rows int
}

// groupRows is how many rows one group of a Parquet file has.
const groupRows = 50_000

func (p *parquetRows) record(_ []byte, r *Record) error {
	if _, err := p.w.Write([]row{rowOf(r)}); err != nil {
		return err
	}
	if p.rows++; p.rows%groupRows == 0 {
		return p.w.Flush()
	}
	return nil
}
func (p *parquetRows) close() error { return p.w.Close() }

// csvRows writes rows. What a spreadsheet would take for a formula gets an apostrophe in front of it.
type csvRows struct{ w *csv.Writer }

func (c *csvRows) record(_ []byte, r *Record) error {
	values := columnValues(rowOf(r))
	for i, v := range values {
		if v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) {
			values[i] = "'" + v
		}
	}
	return c.w.Write(values)
}

func (c *csvRows) close() error {
	c.w.Flush()
	return c.w.Error()
}

// cefLines writes events of the Common Event Format.
type cefLines struct{ w *bufio.Writer }

// severities are CEF's, 0 to 10, by how an exchange ended.
var severities = map[string]int{"complete": 1, "client_gone": 2, "refused": 5, "blocked": 6, "cut": 5, "upstream_broken": 4, "failed": 8, "interrupted": 8}

func (c *cefLines) record(_ []byte, r *Record) error {
	name := r.Code
	if name == "" {
		name = r.Ended
	}
	fmt.Fprintf(c.w, "CEF:0|Weir|Weir|%d|%s|%s|%d|", r.Schema, cefHeader(r.Event), cefHeader(name), severities[r.Ended])
	x := rowOf(r)
	for i, f := range [...][2]string{
		{"rt", fmt.Sprint(r.Time.UnixMilli())}, {"externalId", r.Trace}, {"act", r.Ended}, {"outcome", fmt.Sprint(r.Status)}, {"src", r.Client}, {"suser", r.Actor},
		{"requestMethod", r.Method}, {"request", r.Path}, {"destinationServiceName", r.Provider}, {"reason", r.Code},
		{"cs1Label", "tenant"}, {"cs1", r.Tenant}, {"cs2Label", "key"}, {"cs2", r.KeyID}, {"cs3Label", "model"}, {"cs3", r.ModelAsked},
		{"cs4Label", "findings"}, {"cs4", x.Findings}, {"cs5Label", "rules"}, {"cs5", x.Rules}, {"cs6Label", "policy"}, {"cs6", x.PolicyVersion},
		{"cn1Label", "inputTokens"}, {"cn1", fmt.Sprint(r.InputTokens)}, {"cn2Label", "outputTokens"}, {"cn2", fmt.Sprint(r.OutputTokens)},
		{"cn3Label", "billedMicroUSD"}, {"cn3", fmt.Sprint(r.BilledMicro)},
	} {
		if f[1] == "" {
			continue
		}
		if i > 0 {
			_ = c.w.WriteByte(' ')
		}
		fmt.Fprintf(c.w, "%s=%s", f[0], cefValue(f[1]))
	}
	return c.w.WriteByte('\n')
}
func (c *cefLines) close() error { return nil }

var (
	cefHeaders = strings.NewReplacer(`\`, `\\`, `|`, `\|`, "\n", " ", "\r", " ")
	cefValues  = strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\n", `\n`, "\r", `\r`)
)

func cefHeader(s string) string { return printable(cefHeaders.Replace(s)) }
func cefValue(s string) string  { return printable(cefValues.Replace(s)) }

// printable leaves out what a terminal or a page could be misled by: control characters, and those that turn the direction of
// text.
func printable(s string) string { return strings.Map(Inert, s) }

// Inert is r where it may be shown to a person as it is, and U+FFFD where it could change what stands around it: control
// characters and those that change the direction of text (Unicode TR 9).
func Inert(r rune) rune {
	switch {
	case r < ' ' || r >= 0x7f && r < 0xa0, slices.Contains(directional, r), r == '\u2028', r == '\u2029':
		return '\uFFFD'
	}
	return r
}

var directional = []rune{
	'\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069',
}

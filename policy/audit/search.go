package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Query says which records are wanted: those that fit all that is set.
type Query struct {
	Trace  string
	Tenant string
	Key    string // id of the presented key
	Code   string // canonical fault code
	Model  string // asked or served
	Type   string // of a finding
	Rule   string // that fired: FILE:LINE
	Change string // how the candidate policies would have decided otherwise, or Any
	Shadow string // code of a reason that was only recorded, or Any
	From   time.Time
	Until  time.Time // not included

	Limit  int    // records of one page: at least 1, at most MaxRecent; 0 is DefaultPage
	Cursor string // where the page before ended; empty: at the newest
}

// DefaultPage is how many records a page has where nothing is said.
const DefaultPage = 100

// ErrCursor says that a cursor is none that a page ended with.
var ErrCursor = errors.New("the cursor is none that a page ended with")

// Page is one page of records, newest first.
type Page struct {
	Records []Record
	Next    string // cursor of the next page; empty: this is the last
}

// Search returns a page of the records that fit a query, newest first. Each is found by an index, whatever is asked for.
func (t *Trail) Search(ctx context.Context, q Query) (*Page, error) {
	if q.Limit == 0 {
		q.Limit = DefaultPage
	}
	q.Limit = min(max(q.Limit, 1), MaxRecent)
	text, args, err := q.statement()
	if err != nil {
		return nil, err
	}
	rows, err := t.store.Read().QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("searching the trail: %w", err)
	}
	defer rows.Close()
	p := &Page{Records: []Record{}}
	var at, n int64
	for rows.Next() {
		if len(p.Records) == q.Limit { // one more was asked for, to know whether there is a next page
			p.Next = fmt.Sprintf("%d.%d", at, n)
			break
		}
		var record []byte
		if err := rows.Scan(&at, &n, &record); err != nil {
			return nil, fmt.Errorf("searching the trail: %w", err)
		}
		var r Record
		if err := json.Unmarshal(record, &r); err != nil {
			return nil, fmt.Errorf("decoding a record: %w", err)
		}
		r.Time = r.Time.In(time.UTC)
		p.Records = append(p.Records, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("searching the trail: %w", err)
	}
	return p, nil
}

// statement makes the question to the store. The first term leads, and the others are looked up under its records; without
// terms the trace leads, then the tenant, then time alone.
func (q *Query) statement() (string, []any, error) {
	var terms []string
	for _, f := range [...][2]string{{termCandidate, q.Change}, {termShadow, q.Shadow}, {termRule, q.Rule}, {termType, q.Type}, {termCode, q.Code}, {termKey, q.Key}, {termModel, q.Model}} {
		if f[1] != "" {
			short, _ := shorten(f[1])
			terms = append(terms, f[0]+short)
		}
	}
	from, args := "trail t", []any{}
	where := []string{"t.expired IS NULL"}
	add := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	lead := "t"
	if len(terms) > 0 && q.Trace == "" {
		lead, from = "l", "trail_terms l CROSS JOIN trail t ON t.n = l.n" // the order of a CROSS JOIN is kept
		add("l.term = ?", terms[0])
		terms = terms[1:]
	}
	for _, term := range terms {
		add(fmt.Sprintf("EXISTS (SELECT 1 FROM trail_terms e WHERE e.term = ? AND e.at = %[1]s.at AND e.n = %[1]s.n)", lead), term)
	}
	if q.Trace != "" {
		short, _ := shorten(q.Trace)
		add("t.trace = ?", short)
	}
	if q.Tenant != "" {
		add("t.tenant = ?", q.Tenant)
	}
	if !q.From.IsZero() {
		add(lead+".at >= ?", q.From.UnixMilli())
	}
	if !q.Until.IsZero() {
		add(lead+".at < ?", q.Until.UnixMilli())
	}
	if q.Cursor != "" {
		first, second, ok := strings.Cut(q.Cursor, ".")
		at, errAt := strconv.ParseInt(first, 10, 64)
		n, errN := strconv.ParseInt(second, 10, 64)
		if !ok || errAt != nil || errN != nil {
			return "", nil, ErrCursor
		}
		add(fmt.Sprintf("(%[1]s.at, %[1]s.n) < (?, ?)", lead), at, n)
	}
	text := fmt.Sprintf("SELECT t.at, t.n, t.record FROM %s WHERE %s ORDER BY %[3]s.at DESC, %[3]s.n DESC LIMIT ?", from, strings.Join(where, " AND "), lead)
	return text, append(args, q.Limit+1), nil
}

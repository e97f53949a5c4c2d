package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The columns that use can be told by.
const (
	ByDay    = "day"
	ByTenant = "tenant"
	ByKey    = "key"
	ByModel  = "model"
)

// UsageColumns are what Usage can be told by, in their order.
func UsageColumns() []string { return []string{ByDay, ByTenant, ByKey, ByModel} }

// UsageQuery says whose use is wanted, of which days, and by what it is told apart.
type UsageQuery struct {
	From, Until        time.Time // days in UTC, both included; zero: no bound
	Tenant, Key, Model string    // empty: any
	By                 []string  // columns; none: one sum
}

// Usage is what was used. A column that is not asked for is empty. Amounts are micro-USD.
type Usage struct {
	Day          string `json:"day,omitempty"` // 2026-12-31
	Tenant       string `json:"tenant,omitempty"`
	Key          string `json:"key,omitempty"`
	Model        string `json:"model,omitempty"` // that served
	Exchanges    int64  `json:"exchanges"`
	Refused      int64  `json:"refused"`
	InputTokens  int64  `json:"input_tokens"`
	OutputTokens int64  `json:"output_tokens"`
	Cost         int64  `json:"cost_micro_usd"`   // what providers charge
	Billed       int64  `json:"billed_micro_usd"` // what the tenant is charged
	Overrun      int64  `json:"overrun_micro_usd"`
}

// maxUsage bounds the rows of one answer.
const maxUsage = 100_000

// What keeps a question about use from being one.
var (
	ErrUsageColumn = errors.New("use is told by day, tenant, key or model")
	ErrUsageRows   = fmt.Errorf("more than %d rows: ask for fewer days, or by fewer columns", maxUsage)
)

// Use sums what was used, in the order of the columns it is told by. What is counted is what the trail was told, also of records
// that have expired since.
func (t *Trail) Use(ctx context.Context, q UsageQuery) ([]Usage, error) {
	selected, group := make([]string, 0, 4), []string{}
	for _, c := range q.By {
		if !slices.Contains(UsageColumns(), c) {
			return nil, fmt.Errorf("%q: %w", c, ErrUsageColumn)
		}
	}
	for _, c := range UsageColumns() {
		if slices.Contains(q.By, c) {
			selected, group = append(selected, c), append(group, c)
		} else {
			selected = append(selected, "''")
		}
	}
	where, args := []string{"1"}, []any{}
	add := func(condition string, value any) { where, args = append(where, condition), append(args, value) }
	if !q.From.IsZero() {
		add("day >= ?", q.From.UTC().Format(time.DateOnly))
	}
	if !q.Until.IsZero() {
		add("day <= ?", q.Until.UTC().Format(time.DateOnly))
	}
	for _, f := range [...][2]string{{ByTenant, q.Tenant}, {ByKey, q.Key}, {ByModel, q.Model}} {
		if f[1] != "" {
			add(f[0]+" = ?", f[1])
		}
	}
	text := "SELECT " + strings.Join(selected, ", ") + `, sum(exchanges), sum(refused), sum(input_tokens), sum(output_tokens), sum(cost), sum(billed), sum(overrun)
		FROM usage WHERE ` + strings.Join(where, " AND ")
	if len(group) > 0 {
		text += " GROUP BY " + strings.Join(group, ", ") + " ORDER BY " + strings.Join(group, ", ")
	} else {
		text += " HAVING count(*) > 0"
	}
	rows, err := t.store.Read().QueryContext(ctx, text+" LIMIT ?", append(args, maxUsage+1)...)
	if err != nil {
		return nil, fmt.Errorf("reading the use: %w", err)
	}
	defer rows.Close()
	out := []Usage{}
	for rows.Next() {
		var u Usage
		if err := rows.Scan(&u.Day, &u.Tenant, &u.Key, &u.Model, &u.Exchanges, &u.Refused, &u.InputTokens, &u.OutputTokens, &u.Cost, &u.Billed, &u.Overrun); err != nil {
			return nil, fmt.Errorf("reading the use: %w", err)
		}
		if out = append(out, u); len(out) > maxUsage {
			return nil, ErrUsageRows
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the use: %w", err)
	}
	return out, nil
}

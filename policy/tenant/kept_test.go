package tenant_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"weir/policy/tenant"
)

// What operators add to providers and models reaches every replica, is changed all or none, and is no business of tenants'.
func TestKeptRowsReachEveryReplica(t *testing.T) {
	backends(t, func(t *testing.T, open func() tenant.Source) {
		here, there := over(t, open()), over(t, open())
		put := func(d *tenant.Directory, rows ...tenant.Row) error {
			return d.Keep(t.Context(), func([]tenant.Row) ([]tenant.Row, error) { return rows, nil })
		}
		a, b := tenant.Row{Kind: tenant.RowProvider, ID: "a", Doc: "{}"}, tenant.Row{Kind: tenant.RowModel, ID: "org/b c", Doc: `{"provider":"a"}`}
		for i, step := range []struct {
			do   func() error
			want []tenant.Row
		}{
			{func() error { return put(here, a, b) }, []tenant.Row{b, a}},
			{func() error { return put(there, a) }, []tenant.Row{b, a}},
			{func() error { return put(there, tenant.Row{Kind: a.Kind, ID: a.ID, Doc: "{1}"}) }, []tenant.Row{b, {Kind: a.Kind, ID: a.ID, Doc: "{1}"}}},
			{func() error { return put(here, tenant.Row{Kind: b.Kind, ID: b.ID}) }, []tenant.Row{{Kind: a.Kind, ID: a.ID, Doc: "{1}"}}},
			{func() error { return put(there, tenant.Row{Kind: a.Kind, ID: a.ID}) }, nil},
		} {
			if err := step.do(); err != nil {
				t.Fatal(i, err)
			}
			for name, d := range map[string]*tenant.Directory{"here": here, "there": there} {
				if err := d.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := d.Kept(); !slices.Equal(got, step.want) {
					t.Errorf("step %d, %s: %v, want %v", i, name, got, step.want)
				}
			}
		}
		no := errors.New("no")
		if err := here.Keep(t.Context(), func([]tenant.Row) ([]tenant.Row, error) { return []tenant.Row{a}, no }); !errors.Is(err, no) || len(here.Kept()) != 0 {
			t.Errorf("%v %v", err, here.Kept())
		}
	})
}

// Who is slower computes its change anew from what the faster one left.
func TestKeptRowsChangedAtOnce(t *testing.T) {
	backends(t, func(t *testing.T, open func() tenant.Source) {
		const each = 5
		var all sync.WaitGroup
		for range 3 {
			d := over(t, open())
			all.Go(func() {
				for range each {
					err := d.Keep(t.Context(), func(now []tenant.Row) ([]tenant.Row, error) {
						return []tenant.Row{{Kind: tenant.RowProvider, ID: fmt.Sprint(len(now)), Doc: "{}"}}, nil
					})
					if err != nil && !errors.Is(err, tenant.ErrStale) {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		last := over(t, open())
		if n := len(last.Kept()); n == 0 || n > 3*each {
			t.Errorf("%d rows", n)
		}
		for i, want := range last.Kept() {
			if !slices.ContainsFunc(last.Kept(), func(r tenant.Row) bool { return r.ID == fmt.Sprint(i) }) {
				t.Errorf("a row was lost: %v", want)
			}
		}
	})
}

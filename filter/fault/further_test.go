package fault_test

// A dialect that does not ship, the whole of it: this file and nothing else.

import (
	"strings"
	"testing"

	"weir/filter/fault"
)

// portly answers everything with a hook's name and one of two statuses.
func portly() fault.Spec {
	rows := map[fault.Code]fault.Row{}
	for _, c := range fault.Codes() {
		rows[c] = fault.Row{Status: 412, Type: "hooks_failed", Code: strings.ToUpper(string(c))}
	}
	rows[fault.Internal] = fault.Row{Status: 500, Type: "hooks_failed", Code: "BROKEN", Says: []string{"The gateway broke"}}
	return fault.Spec{
		Name: "portly", Prefix: "gw_portly_", Rows: rows,
		Envelope: func(p fault.Phrase) fault.Object {
			return fault.Object{{Name: "status", Value: "failure"}, {Name: "error", Value: fault.Object{
				{Name: "message", Value: p.Message}, {Name: "type", Value: p.Type}, {Name: "code", Value: p.Code},
			}}}
		},
	}
}

func TestFurtherDialect(t *testing.T) {
	d, err := fault.New(portly())
	if err != nil {
		t.Fatal(err)
	}
	set, err := fault.NewSet(dialect(t, "dvara"), d)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := set.ForCredential("gw_portly_1"); nameOf(got) != "portly" {
		t.Errorf("the longer prefix does not win: %q", nameOf(got))
	}
	a := d.Answer(fault.Fault{Code: fault.BudgetExceeded, Limit: 50_000_000, Unit: "micro_usd"}, fault.Shape{Surface: chat})
	want := `{"status":"failure","error":{"message":"Budget exceeded: $50.00 limit reached","type":"hooks_failed","code":"BUDGET_EXCEEDED"}}`
	if a.Status != 412 || string(a.Body) != want {
		t.Errorf("%d %s\nwant 412 %s", a.Status, a.Body, want)
	}
	a = d.Answer(fault.Fault{Code: "no_such_code"}, fault.Shape{Surface: messages})
	want = `{"type":"error","error":{"type":"api_error","message":"The gateway broke","code":"BROKEN"},"request_id":""}`
	if a.Status != 500 || string(a.Body) != want {
		t.Errorf("a code that is not canonical: %d %s\nwant 500 %s", a.Status, a.Body, want)
	}
}

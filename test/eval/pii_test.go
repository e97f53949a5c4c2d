package eval_test

import (
	"maps"
	"os"
	"slices"
	"testing"

	"weir/policy/detect"
	"weir/test/eval"
	"weir/test/figures"
)

// TestBusinessText measures personal data and secrets on business text made for it. With -v it prints what was mistaken.
func TestBusinessText(t *testing.T) {
	counts := func(t detect.Type) bool {
		c := detect.CategoryOf(t)
		return c == detect.PII || c == detect.Secret
	}
	table := eval.Measure(detect.New(), eval.Business(3000, 11), counts, func(text eval.Text, f detect.Finding) {
		if testing.Verbose() && os.Getenv("WEIR_MISTAKES") != "" {
			t.Logf("%s %q in %q", f.Rule, text.Text[f.Start:f.End], text.Text)
		}
	})
	if err := table.Print(os.Stdout); err != nil {
		t.Fatal(err)
	}
	all := table.Total()
	list := []figures.Figure{
		figures.AtLeast("F2 of personal data and secrets on generated business text", all.F(2), "", 0.85),
		figures.Stated("F1", all.F(1), ""),
		figures.Stated("precision", all.Precision(), ""),
		figures.Stated("recall", all.Recall(), ""),
	}
	for _, typ := range slices.Sorted(maps.Keys(table)) {
		c := table[typ]
		list = append(list,
			figures.Stated(string(typ)+": precision", c.Precision(), ""), figures.Stated(string(typ)+": recall", c.Recall(), ""),
			figures.Stated(string(typ)+": F1", c.F(1), ""), figures.Stated(string(typ)+": F2", c.F(2), ""))
	}
	if err := figures.Write("eval-pii", list); err != nil {
		t.Fatal(err)
	}
	if all.F(2) < 0.85 {
		t.Errorf("F2 is %.3f", all.F(2))
	}
}

// TestUnseenText measures them on text that is unlike what the rules were tried on.
func TestUnseenText(t *testing.T) {
	counts := func(t detect.Type) bool {
		c := detect.CategoryOf(t)
		return c == detect.PII || c == detect.Secret
	}
	table := eval.Measure(detect.New(), eval.Unseen(3000, 29), counts, func(text eval.Text, f detect.Finding) {
		if testing.Verbose() && os.Getenv("WEIR_MISTAKES") != "" {
			t.Logf("%s %q in %q", f.Rule, text.Text[f.Start:f.End], text.Text)
		}
	})
	if err := table.Print(os.Stdout); err != nil {
		t.Fatal(err)
	}
}

// TestMeasure checks the measure itself.
func TestMeasure(t *testing.T) {
	texts := []eval.Text{{Text: "a@example.com and b@example.com", Spans: []eval.Span{{Type: detect.EmailAddress, Start: 0, End: 13}, {Type: detect.USSSN, Start: 14, End: 17}}}}
	got := eval.Measure(detect.New(), texts, func(detect.Type) bool { return true }, func(eval.Text, detect.Finding) {})
	if got[detect.EmailAddress] != (eval.Count{Hit: 1, Mistaken: 1}) || got[detect.USSSN] != (eval.Count{Missed: 1}) {
		t.Errorf("%+v", got)
	}
}

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

// numbered says whether a type is of personal data or of a secret that has a form of its own: no name.
func numbered(t detect.Type) bool {
	c := detect.CategoryOf(t)
	return (c == detect.PII || c == detect.Secret) && t != detect.Person && t != detect.Location && t != detect.Organization
}

// measured prints and returns the table of texts. With -v and WEIR_MISTAKES it logs what was mistaken and missed.
func measured(t *testing.T, texts []eval.Text) eval.Table {
	t.Helper()
	tell := testing.Verbose() && os.Getenv("WEIR_MISTAKES") != ""
	table := eval.Measure(detect.New(), texts, numbered, func(text eval.Text, f detect.Finding) {
		if tell {
			t.Logf("mistaken: %s %q in %q", f.Rule, text.Text[f.Start:f.End], text.Text)
		}
	}, func(text eval.Text, s eval.Span) {
		if tell {
			t.Logf("missed: %s %q in %q", s.Type, text.Text[s.Start:s.End], text.Text)
		}
	})
	if err := table.Print(os.Stdout); err != nil {
		t.Fatal(err)
	}
	return table
}

// TestBusinessText measures personal data and secrets on business text made for it. With -v it prints what was mistaken.
func TestBusinessText(t *testing.T) {
	for _, c := range []struct {
		of, file string
		texts    []eval.Text
	}{
		{"generated business text", "eval-pii", eval.Business(3000, 11)},
		{"business text unlike what rules were tried on", "eval-unseen", eval.Unseen(3000, 29)},
	} {
		table := measured(t, c.texts)
		all := table.Total()
		list := []figures.Figure{
			figures.AtLeast("F2 of personal data and secrets on "+c.of, all.F(2), "", 0.85),
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
		if err := figures.Write(c.file, list); err != nil {
			t.Fatal(err)
		}
		if all.F(2) < 0.85 {
			t.Errorf("%s: F2 is %.3f", c.of, all.F(2))
		}
	}
}

// TestMeasure checks the measure itself.
func TestMeasure(t *testing.T) {
	texts := []eval.Text{{Text: "a@example.com and b@example.com", Spans: []eval.Span{{Type: detect.EmailAddress, Start: 0, End: 13}, {Type: detect.USSSN, Start: 14, End: 17}}}}
	got := eval.Measure(detect.New(), texts, func(detect.Type) bool { return true }, func(eval.Text, detect.Finding) {}, func(eval.Text, eval.Span) {})
	if got[detect.EmailAddress] != (eval.Count{Hit: 1, Mistaken: 1}) || got[detect.USSSN] != (eval.Count{Missed: 1}) {
		t.Errorf("%+v", got)
	}
}

package detect

import (
	"slices"
	"strings"
	"testing"
	"time"

	"weir/policy/detect/classify"
	"weir/test/figures"
)

// prose is some kilobytes as people write, with a few numbers that are nobody's.
const prose = "The quarterly report covers revenue, margins and the outlook for the coming year. Our team of 12 met on 3 March 2026 to review " +
	"the draft; it will ship with version 2.4.1 in the spring. Customers in Germany and France asked for better invoices, and support closed " +
	"1,204 tickets in 31 days. \"We are pleased,\" said the head of operations, who has been with the company since 2009. Please see section 4.2 " +
	"of the handbook for details: it explains how the budget is split between research, sales and a small reserve. "

func BenchmarkStructured4KB(b *testing.B) {
	f, r := structured(), newReader().(*reader)
	text := strings.Repeat(prose, 12)[:4096]
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var scratch []Finding
	for b.Loop() {
		scratch = f.scan(r, text, 0, scratch[:0])
	}
}

func BenchmarkStructuredOpen(b *testing.B) {
	f, r := structured(), newReader().(*reader)
	text := strings.Repeat(prose, 2)[:512]
	b.ReportAllocs()
	for b.Loop() {
		for i := range f.watches {
			f.watches[i].open(r, text, 0)
		}
	}
}

// BenchmarkFigures writes build/figures/detect.json: what each part costs on 4 KB of prose beside a pass over the same bytes
// that looks each up in a table and does nothing else, in the same run.
func BenchmarkFigures(b *testing.B) {
	f, r := structured(), newReader().(*reader)
	text := strings.Repeat(prose, 12)[:4096]
	var scratch []Finding
	took := quickest(func() { scratch = f.scan(r, text, 0, scratch[:0]) })
	sum := 0
	least := quickest(func() { sum += passed(text) })
	if sum == 0 {
		b.Fatal("no byte begins a rule")
	}
	allocations := testing.AllocsPerRun(20, func() { scratch = f.scan(r, text, 0, scratch[:0]) })
	s, p := New(), &promptReader{}
	rails := quickest(func() { scratch = guarded(s, p, text, scratch[:0]) })
	names := quickest(func() { p.called = s.tagger.Find(&p.names, text, p.called[:0]) })
	words := quickest(func() { scratch = phrasePass(text, 0, scratch[:0]) })
	whole := quickest(func() { scratch = s.ScanPrompt(text, Reading{}, scratch[:0]) })
	err := figures.Write("detect", []figures.Figure{
		figures.AtMost("personal data and secrets, 4 KB of prose", took, "microseconds", 30),
		figures.AtMost("injection and content guardrails, 4 KB of prose", rails, "microseconds", 60),
		figures.AtMost("names, 4 KB of prose", names, "microseconds", 1000),
		figures.AtMost("everything, 4 KB of prose, 99 of 100 calls", slowest(func() { scratch = s.ScanPrompt(text, Reading{}, scratch[:0]) }), "microseconds", 2000),
		figures.Stated("everything, 4 KB of prose", whole, "microseconds"),
		figures.Stated("phrases, 4 KB of prose", words, "microseconds"),
		figures.Stated("normal form and classifier, 4 KB of prose", rails-words, "microseconds"),
		figures.Stated("a pass over the same bytes", least, "microseconds"),
		figures.Stated("the rules as so many passes", took/least, "times"),
		figures.AtMost("allocations on clean text", allocations, "", 0),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(took, "us/4KB")
	b.ReportMetric(took/least, "passes")
}

// quickest is how many microseconds one call takes in the best of many batches, since others use the machine too.
func quickest(call func()) float64 {
	const batches, calls = 60, 40
	best := time.Duration(1 << 62)
	for range batches {
		began := time.Now()
		for range calls {
			call()
		}
		best = min(best, time.Since(began))
	}
	return float64(best.Nanoseconds()) / 1000 / calls
}

// slowest is how many microseconds 99 of 100 calls take at most.
func slowest(call func()) float64 {
	const calls = 1000
	took := make([]time.Duration, calls)
	for i := range took {
		began := time.Now()
		call()
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return float64(took[calls*99/100].Nanoseconds()) / 1000
}

// passed counts the bytes that any rule can begin with.
func passed(text string) (n int) {
	for i := range len(text) {
		if duties[text[i]] != 0 {
			n++
		}
	}
	return n
}

// guarded is what the guardrails cost a turn: phrases, the normal form and the classifier.
func guarded(s *Scanner, r *promptReader, text string, into []Finding) []Finding {
	into = phrasePass(text, 0, into)
	n := r.normal.Read(text)
	into = r.hidden(n, into)
	r.spans = s.model.Score(&r.scratch, n, classify.Turn, r.spans[:0])
	return learned(r.spans, 0, into)
}

func BenchmarkGuardrails4KB(b *testing.B) {
	s, r := New(), &promptReader{}
	text := strings.Repeat(prose, 12)[:4096]
	b.ReportAllocs()
	var scratch []Finding
	for b.Loop() {
		scratch = guarded(s, r, text, scratch[:0])
	}
}

package detect

import (
	"strings"
	"testing"
)

// prose is some kilobytes as people write, with a few numbers that are nobody's.
const prose = "The quarterly report covers revenue, margins and the outlook for the coming year. Our team of 12 met on 3 March 2026 to review " +
	"the draft; it will ship with version 2.4.1 in the spring. Customers in Germany and France asked for better invoices, and support closed " +
	"1,204 tickets in 31 days. \"We are pleased,\" said the head of operations, who has been with the company since 2009. Please see section 4.2 " +
	"of the handbook for details: it explains how the budget is split between research, sales and a small reserve. "

func BenchmarkStructured4KB(b *testing.B) {
	f := structured()
	text := strings.Repeat(prose, 12)[:4096]
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var scratch []Finding
	for b.Loop() {
		scratch = f.scan(text, scratch[:0])
	}
}

func BenchmarkStructuredOpen(b *testing.B) {
	f := structured()
	text := strings.Repeat(prose, 2)[:512]
	b.ReportAllocs()
	for b.Loop() {
		for i := range f.watches {
			f.watches[i].open(text)
		}
	}
}

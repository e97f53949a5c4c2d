package fault

import (
	"strconv"
	"strings"
	"time"
)

// Row is how a dialect phrases one code.
type Row struct {
	Status int
	Type   string // empty: what the dialect derives from the status
	Code   string
	// Says are the words, in order of preference: the first whose facts are all known is used, so the last has none.
	// A fact is written {name}; see factOf. None: the words that all dialects share.
	Says []string
	// Answer are the words where the fault is about the provider's answer; empty: those of Says.
	Answer string
	Param  string        // the parameter to name, a fact or a word; empty: none is named
	Retry  time.Duration // Retry-After where the fault has none and the page demands one
	// Page is the line of the product's error page that prints this row, Elsewhere, or empty: ours.
	Page string
}

// Elsewhere marks a row that the product's error page lacks and another of its documents has.
const Elsewhere = "elsewhere in the product's documents"

// Ours is what Source calls a row that no document of the product has.
const Ours = "ours"

// row writes a Row in a line of a table.
func row(status int, kind, code string, says ...string) Row {
	return Row{Status: status, Type: kind, Code: code, Says: says}
}

// at writes a Row whose type and code follow from its status, or which has none.
func at(status int, says ...string) Row { return row(status, "", "", says...) }

// on names the line of the page.
func (r Row) on(page string) Row { r.Page = page; return r }

// elsewhere marks a row of another document.
func (r Row) elsewhere() Row { r.Page = Elsewhere; return r }

// param names the parameter.
func (r Row) param(p string) Row { r.Param = p; return r }

// retry sets the wait that the page demands to be told.
func (r Row) retry(d time.Duration) Row { r.Retry = d; return r }

// answer sets the words about an answer.
func (r Row) answer(words string) Row { r.Answer = words; return r }

// words puts f into the first of the sentences that has all its facts.
func words(f Fault, says []string) string {
	for _, s := range says {
		if out, ok := fill(s, f); ok {
			return out
		}
	}
	return ""
}

// fill replaces the facts of a sentence; false where one is not known.
func fill(s string, f Fault) (string, bool) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "{")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		name, after, _ := strings.Cut(rest, "}")
		fact := factOf(f, name)
		if fact == "" {
			return "", false
		}
		b.WriteString(fact)
		s = after
	}
}

// factOf is a fact in words, bounded; "" where it is not known.
func factOf(f Fault, name string) string {
	switch name {
	case "message":
		return strings.TrimSpace(clean(f.Message, maxText))
	case "model":
		return clean(f.Model, maxName)
	case "provider":
		return clean(f.Provider, maxName)
	case "variable":
		return clean(f.Variable, maxName)
	case "field":
		return clean(f.Field, maxName)
	case "detail":
		return clean(f.Detail, maxName)
	case "hint":
		return clean(f.Hint, maxName)
	case "upstream":
		if f.Upstream > 0 {
			return strconv.Itoa(f.Upstream)
		}
	case "amount":
		return amount(f.Limit, f.Unit)
	case "rate":
		return rate(f)
	case "categories":
		return list(f.Categories)
	case "allow":
		return list(f.Allow)
	}
	return ""
}

// list joins names, bounded.
func list(names []string) string {
	var b strings.Builder
	for i, n := range names {
		if b.Len() > maxText {
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(clean(n, maxName))
	}
	return b.String()
}

// microUSD is how many of the units that amounts are counted in make a dollar, and a cent.
const (
	microUSD  = 1_000_000
	microCent = microUSD / 100
)

// amount writes a limit with its unit: "$50.00", "32 MB", "100 requests"; "" where one of them is not known.
func amount(n int64, unit string) string {
	count := strconv.FormatInt(n, 10)
	switch {
	case n <= 0 || unit == "":
		return ""
	case unit == "micro_usd":
		return dollars(n)
	case unit == "bytes" && n%(1<<20) == 0:
		return strconv.FormatInt(n>>20, 10) + " MB"
	case n == 1:
		return count + " " + strings.TrimSuffix(clean(unit, maxName), "s")
	}
	return count + " " + clean(unit, maxName)
}

// dollars writes micro-USD with cents, or with all six decimals where there is less than a cent to tell.
func dollars(micro int64) string {
	whole, part := micro/microUSD, micro%microUSD
	digits := strconv.FormatInt(microUSD+part, 10)[1:]
	if part%microCent == 0 {
		digits = digits[:2]
	}
	return "$" + strconv.FormatInt(whole, 10) + "." + digits
}

// rate writes a limit over its window: "100 requests/hour".
func rate(f Fault) string {
	a := amount(f.Limit, f.Unit)
	if a == "" || f.Window <= 0 {
		return ""
	}
	return a + "/" + windowName(f.Window)
}

const day = 24 * time.Hour

func windowName(d time.Duration) string {
	switch d {
	case time.Second:
		return "second"
	case time.Minute:
		return "minute"
	case time.Hour:
		return "hour"
	case day:
		return "day"
	case 7 * day:
		return "week"
	case 30 * day:
		return "month"
	}
	return d.String()
}

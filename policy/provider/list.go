package provider

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// prices.tsv is what vendors ask, as the package that its first line names has it. tools/prices.mjs makes it.
//
//go:embed prices.tsv
var pricesTSV string

// listed is one line of the list.
type listed struct {
	match   []string // each a sign and a text
	context int64
	price   Price
}

// list is the list by vendor, read when it is first asked for.
var list = sync.OnceValue(func() map[string][]listed {
	out := map[string][]listed{}
	for line := range strings.Lines(pricesTSV) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") || len(f) < 7 {
			continue
		}
		n := make([]int64, 0, len(f))
		for _, s := range f[2:] {
			v, err := strconv.ParseInt(s, 10, 64)
			if err != nil {
				break
			}
			n = append(n, v)
		}
		if l, ok := lineOf(strings.Fields(f[1]), n); ok {
			out[f[0]] = append(out[f[0]], l)
		}
	}
	return out
})

// lineOf reads the numbers of a line: context and four prices, and for long inputs five more.
func lineOf(match []string, n []int64) (listed, bool) {
	if len(n) != 5 && len(n) != 10 {
		return listed{}, false
	}
	l := listed{match: match, context: n[0], price: Price{Input: n[1], Cached: n[2], Written: n[3], Output: n[4]}}
	if len(n) == 10 {
		l.price.Above, l.price.Long = n[5], Rates{Input: n[6], Cached: n[7], Written: n[8], Output: n[9]}
	}
	return l, true
}

// ListSource is the first line of the list: package, version and the day it was made.
func ListSource() string {
	first, _, _ := strings.Cut(pricesTSV, "\n")
	return strings.TrimPrefix(first, "# ")
}

// ListPrice is what a vendor asks for a model by its list, and the size of its context; false where the list does not
// have it. vendor is a kind of provider, or the name of one, as groq is. An exact name wins over a pattern.
func ListPrice(vendor, model string) (price Price, context int64, ok bool) {
	name := strings.ToLower(model)
	for _, l := range list()[vendor] {
		if len(l.match) == 1 && l.match[0] == "="+name {
			return l.price, l.context, true
		}
	}
	for _, l := range list()[vendor] {
		if l.matches(name) {
			return l.price, l.context, true
		}
	}
	return Price{}, 0, false
}

func (l *listed) matches(name string) bool {
	for _, m := range l.match {
		if !matches(m[0], m[1:], name) {
			return false
		}
	}
	return len(l.match) > 0
}

func matches(sign byte, text, name string) bool {
	switch sign {
	case '=':
		return name == text
	case '^':
		return strings.HasPrefix(name, text)
	case '$':
		return strings.HasSuffix(name, text)
	case '*':
		return strings.Contains(name, text)
	case '~':
		r, err := regexp.Compile(text)
		return err == nil && r.MatchString(name)
	}
	return false
}

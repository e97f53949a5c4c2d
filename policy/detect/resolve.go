package detect

import (
	"cmp"
	"slices"
	"strings"
)

// RemoteRule is what the rule of a finding begins with that another process made.
const RemoteRule = "remote."

// Join adds what others found in text to what Scan or ScanPrompt found: a tenant's changes and allow-lists hold for
// both, and overlaps are taken apart as between rules.
func (s *Scanner) Join(text string, found, more []Finding) []Finding {
	if len(more) == 0 {
		return found
	}
	return s.settle(text, append(found, more...), 0)
}

// ownRule is what the rule of a finding begins with that a tenant's own words or patterns made.
const ownRule = "own."

// resolve orders into[from:] and takes overlaps apart: each byte belongs to the strongest finding that claims it, and
// what a weaker one loses it loses only there. So a finding that loses to one which loses to a third is not forgotten,
// and what owns a byte depends on the findings over that byte alone, however the text was cut.
func resolve(into []Finding, from int) []Finding {
	found := into[from:]
	slices.SortStableFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	first := overlapping(found)
	if first < 0 {
		return into
	}
	raw := slices.Clone(found[first:])
	return divide(raw, into[:from+first])
}

// overlapping is the index of the first of sorted findings that the next one overlaps, -1 if there is none.
func overlapping(found []Finding) int {
	for i := 1; i < len(found); i++ {
		if found[i].Start < found[i-1].End {
			return i - 1
		}
	}
	return -1
}

// claim is a finding with its rank at the place where it stands.
type claim struct {
	*Finding
	rank int
}

// divide gives each stretch between two borders to its strongest claim. raw is sorted by start.
func divide(raw []Finding, into []Finding) []Finding {
	borders := make([]int, 0, 2*len(raw))
	for i := range raw {
		borders = append(borders, raw[i].Start, raw[i].End)
	}
	slices.Sort(borders)
	var active []claim
	var last *Finding
	next := 0
	for b := 0; b+1 < len(borders); b++ {
		at, end := borders[b], borders[b+1]
		if at == end {
			continue
		}
		active = slices.DeleteFunc(active, func(c claim) bool { return c.End <= at })
		for ; next < len(raw) && raw[next].Start == at; next++ {
			active = append(active, claim{&raw[next], rank(&raw[next], active)})
		}
		owner := strongest(active)
		if owner != nil && owner == last {
			into[len(into)-1].End = end
		} else if owner != nil {
			piece := *owner
			piece.Start, piece.End = at, end
			into = append(into, piece)
		}
		last = owner
	}
	return into
}

// rank puts values before phrases, since a phrase blocks or is flagged whatever its length while a value must be
// covered whole. A phrase that stands inside what only looks like an address or a block is what matters there. What a tenant
// wrote itself comes before a guess at names.
func rank(f *Finding, over []claim) int {
	if named(f.Type) {
		return -1 // a word inside an address is part of the address, and a word of a tenant's list is what the list says
	}
	if f.Rule == learnedRule || strings.HasPrefix(f.Rule, RemoteRule) && (f.Category == Injection || f.Category == Content) {
		return -2 // a window knows less of where than a phrase does
	}
	if f.Category != Injection && f.Category != Content {
		if yields(f.Type) {
			return 1
		}
		return 3
	}
	for _, c := range over {
		if yields(c.Type) && f.End <= c.End {
			return 2
		}
	}
	if strings.HasPrefix(f.Rule, ownRule) {
		return 1
	}
	return 0
}

func named(t Type) bool { return t == Person || t == Location || t == Organization }

// yields says whether a type's grammar is wide enough to hold whole sentences.
func yields(t Type) bool { return t == EmailAddress || t == PrivateKey }

func strongest(active []claim) *Finding {
	if len(active) == 0 {
		return nil
	}
	best := slices.MinFunc(active, func(a, b claim) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(b.Score, a.Score), cmp.Compare(b.End-b.Start, a.End-a.Start))
	})
	return best.Finding
}

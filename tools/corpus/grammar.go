package corpus

import (
	"embed"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

//go:embed train/*.txt held/*.txt
var files embed.FS

// Training and Held are the files of the grammars that models are trained with, and of those that are kept from them.
var (
	Training = []string{"train/attack.txt", "train/direct.txt", "train/jailbreak.txt", "train/indirect.txt", "train/lingual.txt", "train/benign.txt", "train/hard.txt", "train/pages.txt", "train/tongues.txt", "train/various.txt", "train/tasks.txt", "train/breadth.txt", "train/calm.txt", "train/oblique.txt", "train/plain.txt", "train/wide.txt", "train/smuggle.txt", "train/near.txt", "train/frames.txt", "train/orders.txt"}
	Held     = []string{"held/attack.txt", "held/benign.txt"}
)

// Grammar makes texts from templates. A line below "# name" is one way to write {name}; [a|b] is either.
type Grammar struct {
	rules map[string][]string
}

// Read reads the grammar in a file of this package, such as "train/attack.txt".
func Read(paths ...string) (*Grammar, error) {
	g := &Grammar{rules: map[string][]string{}}
	for _, path := range paths {
		text, err := files.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading a grammar: %w", err)
		}
		name := ""
		for _, line := range strings.Split(string(text), "\n") {
			switch next, ok := strings.CutPrefix(line, "# "); {
			case ok:
				name = strings.TrimSpace(next)
			case strings.TrimSpace(line) != "":
				g.rules[name] = append(g.rules[name], line)
			}
		}
	}
	return g, g.check()
}

// check reports slots without a rule.
func (g *Grammar) check() error {
	for name, lines := range g.rules {
		for _, line := range lines {
			for rest := line; ; {
				_, after, ok := strings.Cut(rest, "{")
				if !ok {
					break
				}
				slot, tail, ok := strings.Cut(after, "}")
				if rest = after; !ok || !plainName(slot) {
					continue
				}
				if g.rules[slot] == nil {
					return fmt.Errorf("grammar: %s uses {%s}, which has no line", name, slot)
				}
				rest = tail
			}
		}
	}
	return nil
}

func plainName(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return s != ""
}

// Make writes one text of a rule.
func (g *Grammar) Make(rng *rand.Rand, rule string) string {
	return strings.ReplaceAll(g.expand(rng, "{"+rule+"}", 0), `\n`, "\n")
}

// Lines are the lines of a rule, as they are.
func (g *Grammar) Lines(rule string) []string { return g.rules[rule] }

// Names lists the rules whose names begin with a prefix, in a fixed order.
func (g *Grammar) Names(prefix string) []string {
	var out []string
	for name := range g.rules {
		if strings.HasPrefix(name, prefix) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (g *Grammar) expand(rng *rand.Rand, line string, depth int) string {
	var b strings.Builder
	for i := 0; i < len(line); {
		switch line[i] {
		case '{':
			if end := strings.IndexByte(line[i:], '}'); end > 0 && plainName(line[i+1:i+end]) && depth < 12 {
				lines := g.rules[line[i+1:i+end]]
				b.WriteString(g.expand(rng, lines[rng.IntN(len(lines))], depth+1))
				i += end + 1
				continue
			}
		case '[':
			if end := closing(line[i:]); end > 0 && strings.Contains(line[i:i+end], "|") {
				options := split(line[i+1 : i+end])
				b.WriteString(g.expand(rng, options[rng.IntN(len(options))], depth+1))
				i += end + 1
				continue
			}
		}
		b.WriteByte(line[i])
		i++
	}
	return b.String()
}

// closing is where the bracket that s begins with is closed, -1 if nowhere.
func closing(s string) int {
	open := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			open++
		case ']':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

// split parts alternatives, not those inside brackets of their own.
func split(s string) []string {
	var out []string
	open, from := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			open++
		case ']':
			open--
		case '|':
			if open == 0 {
				out, from = append(out, s[from:i]), i+1
			}
		}
	}
	return append(out, s[from:])
}

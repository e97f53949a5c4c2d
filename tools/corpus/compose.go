package corpus

import (
	"math/rand/v2"
	"strings"
)

// Composed makes ordinary prompts out of what there is: passages, tasks set about a passage, chats that go on, and
// prompts behind each other. Long ordinary text is rare in the data, and an attack is looked for in each part of a text.
func Composed(g *Grammar, rows []Row, rng *rand.Rand, each int) []Row {
	c := composer{g: g, rng: rng}
	for _, r := range rows {
		switch {
		case r.Held || r.Label != 0:
		case r.Source == "wiki":
			c.sentences = append(c.sentences, plainly(r.Text))
		case strings.HasSuffix(r.Source, "-response") && len(r.Text) > 80:
			c.passages = append(c.passages, r.Text)
		case r.Source == "gpteacher_roleplay":
			c.roles = append(c.roles, r.Text)
		}
		if mixed[r.Source] && !r.Held && r.Label == 0 {
			for _, part := range strings.SplitAfter(r.Text, ". ") {
				if len(part) > 20 && len(part) < 400 {
					c.parts = append(c.parts, strings.TrimSpace(part))
				}
			}
		}
	}
	if len(c.sentences) == 0 || len(c.passages) == 0 || len(c.roles) == 0 || len(c.parts) == 0 {
		return nil
	}
	var out []Row
	for range each {
		out = append(out,
			Row{c.article(), 0, 0, "composed passages", false},
			Row{c.task(), 0, Unused, "composed tasks", false},
			Row{c.task(), 0, Unused, "composed tasks", false},
			Row{c.chat(), 0, Unused, "composed chats", false},
			Row{c.run(), 0, Unused, "composed prompts", false},
			Row{c.mixture(), 0, Unused, "composed mixtures", false})
	}
	return out
}

// composer is what Composed draws from.
type composer struct {
	g                          *Grammar
	rng                        *rand.Rand
	sentences, passages, roles []string
	parts                      []string // sentences of prompts
}

// mixed are the sources whose sentences are put together anew.
var mixed = map[string]bool{"prompts.chat": true, "muldimif": true, "gpteacher_roleplay": true, "gpteacher_codegen": true, "templated-security-questions": true, "tweets": true}

func (c *composer) one(of []string) string { return of[c.rng.IntN(len(of))] }

// article is a few sentences that follow each other.
func (c *composer) article() string {
	n := 2 + c.rng.IntN(9)
	at := c.rng.IntN(max(1, len(c.sentences)-n))
	return strings.Join(c.sentences[at:min(len(c.sentences), at+n)], " ")
}

// passage is a text that a task can be about.
func (c *composer) passage() string {
	if c.rng.IntN(3) == 0 {
		return c.one(c.passages)
	}
	return c.article()
}

// task is a passage with what is wanted of it.
func (c *composer) task() string {
	gap := []string{" ", "\n", "\n\n"}[c.rng.IntN(3)]
	switch c.rng.IntN(4) {
	case 0:
		return c.passage() + gap + c.g.Make(c.rng, "frame_after")
	case 1:
		return c.g.Make(c.rng, "frame_before") + gap + c.passage()
	}
	return c.g.Make(c.rng, "frame_before") + gap + c.passage() + gap + c.g.Make(c.rng, "frame_after")
}

// chat is a role with what was said in it.
func (c *composer) chat() string {
	var b strings.Builder
	b.WriteString(c.one(c.roles) + "\n" + c.g.Make(c.rng, "frame_chat"))
	names := [2]string{c.g.Make(c.rng, "frame_name"), c.g.Make(c.rng, "frame_name")}
	lines := strings.SplitAfter(c.one(c.passages), ". ")
	for i, line := range lines[:min(len(lines), 2+c.rng.IntN(8))] {
		b.WriteString("\n" + names[i%2] + ": " + strings.TrimSpace(line))
	}
	return b.String()
}

// run is two or three ordinary prompts behind each other.
func (c *composer) run() string {
	kinds := []string{"benign_business", "benign_calm", "benign_plain", "benign_hard", "benign_task", "x_ask", "x_lang_ask", "benign_near"}
	s := c.g.Make(c.rng, c.one(kinds))
	for range 1 + c.rng.IntN(2) {
		s += []string{" ", ". ", "\n"}[c.rng.IntN(3)] + c.g.Make(c.rng, c.one(kinds))
	}
	return s
}

// mixture is sentences of different prompts.
func (c *composer) mixture() string {
	s := c.one(c.parts)
	for range 1 + c.rng.IntN(7) {
		s += []string{" ", "\n"}[c.rng.IntN(2)] + c.one(c.parts)
	}
	return s
}

// plainly puts a sentence of parted words together as it is written.
func plainly(s string) string { return unparted.Replace(s) }

var unparted = strings.NewReplacer(" ,", ",", " .", ".", " ;", ";", " :", ":", " ?", "?", " !", "!", " )", ")", "( ", "(", " 's", "'s", " n't", "n't", "`` ", "\"", " ''", "\"", " %", "%")

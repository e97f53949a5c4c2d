package fault_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"weir/filter/fault"
)

// TestDocs keeps docs/errors.md what the code does. With -update it writes the page.
func TestDocs(t *testing.T) {
	var b bytes.Buffer
	onMessages := dialect(t, "dvara").Answer(sample(fault.KeyUnknown), fault.Shape{Surface: messages})
	fmt.Fprintf(&b, docsHead, onMessages.Body)
	for _, c := range fault.Codes() {
		writeCode(t, &b, c)
	}
	b.WriteString("## Ends of streams\n\nWhat a stream that has begun ends with: two choices, or one content block, are open.\n")
	for _, s := range []string{chat, messages, responses} {
		for _, c := range []fault.Code{fault.GuardrailBlocked, fault.SpendCut, fault.Internal} {
			writeStream(t, &b, s, c)
		}
	}
	writeStandIns(t, &b)
	compare(t, "../../docs/errors.md", b.Bytes())
}

const docsHead = `# Errors

Generated from filter/fault; do not edit. Regenerate with ` + "`go test ./filter/fault -run TestDocs -update`" + `.

Every refusal and failure has one canonical code. The tenant's dialect says how the client hears of it; each table shows the
answer on OpenAI's surfaces with typical facts, trace id ` + "`" + trace + "`" + `. *Row* is the line of the product's error page that prints
it, ` + "`elsewhere in the product's documents`" + ` where only another document has it, or *ours* where the product says nothing and
the answer is phrased in the page's style.

On Anthropic's messages surface the body is that surface's own envelope with the dialect's code in it, for example
` + "`%s`" + `. Rivaro keeps its one form there too.

Every answer carries the trace id in ` + "`x-request-id` and `request-id`" + `, DVARA's also in ` + "`X-Trace-ID`" + `. ` + "`x-should-retry: false`" + ` stands
where a client's own retry would be in vain.

A code marked *policy* may be given as a reason by a policy.

`

func writeCode(t *testing.T, b *bytes.Buffer, c fault.Code) {
	t.Helper()
	policy := ""
	for _, p := range fault.PolicyCodes() {
		if p == c {
			policy = " *policy*"
		}
	}
	fmt.Fprintf(b, "## %s\n\n%s%s\n\n| dialect | status | body | headers | row |\n| --- | --- | --- | --- | --- |\n", c, fault.Cause(c), policy)
	for _, name := range fault.Default().Names() {
		d := dialect(t, name)
		a := d.Answer(sample(c), fault.Shape{Surface: chat})
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s |\n", name, a.Status, cell(string(a.Body)), cell(ownHeaders(a)), row(fault.Source(d, c)))
	}
	b.WriteByte('\n')
}

// ownHeaders are the headers that not every answer has.
func ownHeaders(a fault.Answer) string {
	var out []string
	for _, h := range a.Headers[1:] {
		if h.Value != trace {
			out = append(out, h.Name+": "+h.Value)
		}
	}
	return strings.Join(out, ", ")
}

func row(source string) string {
	if source == fault.Ours {
		return source
	}
	return cell(source)
}

// cell is s as code in a table's cell.
func cell(s string) string {
	if s == "" {
		return ""
	}
	fence := "`"
	if strings.Contains(s, "`") {
		fence = "``"
	}
	return fence + strings.ReplaceAll(s, "|", `\|`) + fence
}

func writeStream(t *testing.T, b *bytes.Buffer, surface string, c fault.Code) {
	t.Helper()
	fmt.Fprintf(b, "\n### %s on %s\n\n", c, surface)
	for _, name := range fault.Default().Names() {
		fmt.Fprintf(b, "%s:\n\n```\n%s\n```\n\n", name, bytes.TrimRight(dialect(t, name).Ending(sample(c), streaming(surface)), "\n"))
	}
}

func writeStandIns(t *testing.T, b *bytes.Buffer) {
	t.Helper()
	b.WriteString("## Stand-ins\n\nWhat Rivaro answers for a generated answer that may not be shown; every other dialect refuses with the code's own row.\n")
	for _, s := range []string{chat, messages, responses} {
		a := dialect(t, "rivaro").Blocked(sample(fault.AnswerBlocked), fault.Shape{Surface: s, Model: "gpt-4o", Created: 1700000000})
		fmt.Fprintf(b, "\n### %s\n\n```\n%d\n%s\n```\n", s, a.Status, a.Body)
	}
	fmt.Fprintf(b, "\n## When Weir was never reached\n\nEnvoy's fixed 503:\n\n```\n%s\n```\n", fault.Fixed())
}

package detect

import "strings"

// keyForm is the grammar of one vendor's key: a prefix, then so many bytes of a token.
type keyForm struct {
	id, prefix string
	min, max   int // bytes behind the prefix
	says       string
	source     string
	example    string
}

// unbounded keys end where the token ends.
const unbounded = 1 << 20

var keyForms = []keyForm{
	{"anthropic", "sk-ant-", 32, unbounded, "An Anthropic API key.", "Anthropic console", "sk-ant-api03-" + hex40 + hex40},
	{"openai_project", "sk-proj-", 32, unbounded, "An OpenAI project key.", "OpenAI platform", "sk-proj-" + hex40 + hex40},
	{"openai_service", "sk-svcacct-", 32, unbounded, "An OpenAI service account key.", "OpenAI platform", "sk-svcacct-" + hex40},
	{"korad", "sk-bf-", 32, 64, "A virtual key with the prefix sk-bf-.", "Weir key form", "sk-bf-" + hex40},
	{"openai", "sk-", 40, 64, "An OpenAI user key.", "OpenAI platform", "sk-" + hex40 + "abcdefgh"},
	{"aws_access", "AKIA", 16, 16, "An AWS access key id.", "AWS IAM, unique identifiers", "AKIAIOSFODNN7EXAMPLE"},
	{"aws_session", "ASIA", 16, 16, "An AWS temporary access key id.", "AWS IAM, unique identifiers", "ASIAIOSFODNN7EXAMPLE"},
	{"github_pat", "ghp_", 36, 36, "A GitHub personal access token.", "GitHub docs, token formats", "ghp_" + hex40[:36]},
	{"github_oauth", "gho_", 36, 36, "A GitHub OAuth token.", "GitHub docs, token formats", "gho_" + hex40[:36]},
	{"github_app", "ghs_", 36, 36, "A GitHub App installation token.", "GitHub docs, token formats", "ghs_" + hex40[:36]},
	{"github_fine", "github_pat_", 60, 100, "A GitHub fine-grained token.", "GitHub docs, token formats", "github_pat_" + hex40 + hex40},
	{"gitlab", "glpat-", 20, 64, "A GitLab personal access token.", "GitLab docs, token overview", "glpat-" + hex40[:20]},
	{"slack_bot", "xoxb-", 24, 128, "A Slack bot token.", "Slack docs, token types", "xoxb-" + hex40},
	{"slack_user", "xoxp-", 24, 128, "A Slack user token.", "Slack docs, token types", "xoxp-" + hex40},
	{"stripe", "sk_live_", 24, 128, "A Stripe live secret key.", "Stripe docs, API keys", "sk_" + "live_" + hex40[:24]},
	{"google", "AIza", 35, 35, "A Google API key.", "Google Cloud docs, API keys", "AIza" + hex40[:35]},
	{"huggingface", "hf_", 34, 40, "A Hugging Face token.", "Hugging Face docs, access tokens", "hf_" + hex40[:34]},
	{"dvara", "gw_", 40, 40, "A gateway key with the prefix gw_.", "Weir key form", "gw_" + hex40},
	{"rivaro", "detect_live_", 40, 40, "A detection key.", "Weir key form", "detect_live_" + hex40},
	{"dosai", "dos_sk_", 40, 40, "A key with the prefix dos_sk_.", "Weir key form", "dos_sk_" + hex40},
	{"olava", "olv_sk_", 40, 40, "A key with the prefix olv_sk_.", "Weir key form", "olv_sk_" + hex40},
	{"weir", "weir_", 40, 40, "A key with the prefix weir_.", "Weir key form", "weir_" + hex40},
}

// hex40 stands in examples.
const hex40 = "0123456789abcdef0123456789abcdef01234567"

// keysBy lists the forms by the byte they begin with.
var keysBy = func() (t [256][]*keyForm) {
	for i := range keyForms {
		k := &keyForms[i]
		t[k.prefix[0]] = append(t[k.prefix[0]], k)
	}
	return t
}()

// key checks the token at i, which has no byte of a token before it. The first form in the list wins, so longer
// prefixes stand before shorter ones.
func key(text string, i int, into []Finding) []Finding {
	for _, k := range keysBy[text[i]] {
		if !strings.HasPrefix(text[i:], k.prefix) {
			continue
		}
		n := tokenRun(text, i+len(k.prefix))
		if n < k.min || n > k.max || !mixed(text[i+len(k.prefix):i+len(k.prefix)+n]) {
			continue
		}
		return append(into, Finding{
			Type: APIKey, Category: Secret, Severity: Critical, Score: 0.99,
			Start: i, End: i + len(k.prefix) + n, Rule: "secret." + k.id,
		})
	}
	return into
}

func tokenRun(text string, i int) int {
	n := 0
	for i+n < len(text) && tokenByte(text[i+n]) {
		n++
	}
	return n
}

// mixed says whether a token holds a digit, as random ones of this length do and words do not.
func mixed(s string) bool { return strings.ContainsAny(s, "0123456789") }

// openKey is where a token at the end of the text begins that is a key, or could become one.
func openKey(text string) int {
	start := len(text)
	for start > 0 && tokenByte(text[start-1]) {
		start--
	}
	token := text[start:]
	if token == "" {
		return len(text)
	}
	for i := range keyForms {
		p := keyForms[i].prefix
		if strings.HasPrefix(token, p) && len(token)-len(p) <= keyForms[i].max || len(token) < len(p) && p[:len(token)] == token {
			return start
		}
	}
	return len(text)
}

// The lines of a PEM block.
const (
	pemBegin   = "-----BEGIN "
	pemEnd     = "-----END "
	pemPrivate = "PRIVATE KEY-----"
	pemLabel   = 40 // bytes a label may have
	pemBytes   = 16 << 10
)

// pem checks the block whose first line begins at i. A block without its end reaches to the end of the text.
func pem(text string, i int, into []Finding) []Finding {
	if i > 0 && text[i-1] == '-' || !strings.HasPrefix(text[i:], pemBegin) || !private(text[i:]) {
		return into
	}
	length, _ := pemLength(text[i:])
	return append(into, Finding{
		Type: PrivateKey, Category: Secret, Severity: Critical, Score: 0.99, Start: i, End: i + length, Rule: "secret.private_key",
	})
}

// pemLength is how long the block at the start of text is, and whether its end line is there. A block that is longer
// than any key ends where keys end.
func pemLength(text string) (n int, over bool) {
	text = text[:min(len(text), pemBytes)]
	if e := strings.Index(text, pemEnd); e >= 0 {
		if d := strings.Index(text[e+len(pemEnd):], "-----"); d >= 0 {
			return e + len(pemEnd) + d + len("-----"), true
		}
	}
	return len(text), false
}

func private(block string) bool {
	head := block[len(pemBegin):min(len(block), len(pemBegin)+pemLabel)]
	return strings.Contains(head, pemPrivate)
}

// openPEM is where a block begins that is not over, or a line at the end that could begin one.
func openPEM(text string) int {
	at := 0
	for {
		i := strings.Index(text[at:], pemBegin)
		if i < 0 {
			break
		}
		i += at
		if length, over := pemLength(text[i:]); over {
			at = i + length
			continue
		}
		if len(text)-i < len(pemBegin)+pemLabel || private(text[i:]) && len(text)-i < pemBytes {
			return i
		}
		at = i + len(pemBegin)
	}
	for n := min(len(pemBegin)-1, len(text)-at); n > 0; n-- {
		if strings.HasSuffix(text, pemBegin[:n]) {
			return len(text) - n
		}
	}
	return len(text)
}

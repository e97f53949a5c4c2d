package detect

import "strings"

// keyForm is the grammar of one vendor's key: a prefix, then so many bytes of an alphabet, then no byte of it.
type keyForm struct {
	id, prefix string
	of         alphabet
	min, max   int // bytes behind the prefix
	says       string
	source     string
	example    string
}

// alphabet is what the random part of a key is made of.
type alphabet func(c byte) bool

// openEnded is the length up to which a key whose vendor names no longest one is read.
const openEnded = 512

var keyForms = []keyForm{
	{"anthropic", "sk-ant-", tokenByte, 32, openEnded, "An Anthropic API key.", "Anthropic console", "sk-ant-api03-" + hex40 + hex40},
	{"openai_project", "sk-proj-", tokenByte, 32, openEnded, "An OpenAI project key.", "OpenAI platform", "sk-proj-" + hex40 + hex40},
	{"openai_service", "sk-svcacct-", tokenByte, 32, openEnded, "An OpenAI service account key.", "OpenAI platform", "sk-svcacct-" + hex40},
	{"korad", "sk-bf-", tokenByte, 32, 64, "A virtual key with the prefix sk-bf-.", "Weir key form", "sk-bf-" + hex40},
	{"openai", "sk-", alnum, 40, 64, "An OpenAI user key.", "OpenAI platform", "sk-" + hex40 + "abcdefgh"},
	{"aws_access", "AKIA", upper, 16, 16, "An AWS access key id.", "AWS IAM, unique identifiers", "AKIAIOSFODNN7EXAMPLE"},
	{"aws_session", "ASIA", upper, 16, 16, "An AWS temporary access key id.", "AWS IAM, unique identifiers", "ASIAIOSFODNN7EXAMPLE"},
	{"github_pat", "ghp_", alnum, 36, 36, "A GitHub personal access token.", "GitHub docs, token formats", "ghp_" + hex40[:36]},
	{"github_oauth", "gho_", alnum, 36, 36, "A GitHub OAuth token.", "GitHub docs, token formats", "gho_" + hex40[:36]},
	{"github_user", "ghu_", alnum, 36, 36, "A GitHub App user token.", "GitHub docs, token formats", "ghu_" + hex40[:36]},
	{"github_app", "ghs_", alnum, 36, 36, "A GitHub App installation token.", "GitHub docs, token formats", "ghs_" + hex40[:36]},
	{"github_refresh", "ghr_", alnum, 36, 76, "A GitHub refresh token.", "GitHub docs, token formats", "ghr_" + hex40},
	{"github_fine", "github_pat_", tokenByte, 60, 100, "A GitHub fine-grained token.", "GitHub docs, token formats", "github_pat_" + hex40 + hex40},
	{"gitlab", "glpat-", tokenByte, 20, 64, "A GitLab personal access token.", "GitLab docs, token overview", "glpat-" + hex40[:20]},
	{"slack_bot", "xoxb-", tokenByte, 24, 128, "A Slack bot token.", "Slack docs, token types", "xoxb-" + hex40},
	{"slack_user", "xoxp-", tokenByte, 24, 128, "A Slack user token.", "Slack docs, token types", "xoxp-" + hex40},
	{"slack_config", "xoxe-", tokenByte, 24, 256, "A Slack configuration token.", "Slack docs, token types", "xoxe-" + hex40},
	{"slack_app", "xapp-", tokenByte, 24, 128, "A Slack app-level token.", "Slack docs, token types", "xapp-" + hex40},
	{"stripe", "sk_live_", alnum, 24, 128, "A Stripe live secret key.", "Stripe docs, API keys", "sk_" + "live_" + hex40[:24]},
	{"stripe_restricted", "rk_live_", alnum, 24, 128, "A Stripe live restricted key.", "Stripe docs, API keys", "rk_" + "live_" + hex40[:24]},
	{"google", "AIza", tokenByte, 35, 35, "A Google API key.", "Google Cloud docs, API keys", "AIza" + hex40[:35]},
	{"huggingface", "hf_", alnum, 34, 40, "A Hugging Face token.", "Hugging Face docs, access tokens", "hf_" + hex40[:34]},
	{"npm", "npm_", alnum, 36, 36, "An npm access token.", "npm docs, access tokens", "npm_" + hex40[:36]},
	{"dvara", "gw_", hexadecimal, 40, 40, "A gateway key with the prefix gw_.", "Weir key form", "gw_" + hex40},
	{"rivaro", "detect_live_", alnum, 32, 64, "A detection key.", "Weir key form", "detect_live_" + hex40},
	{"dosai", "dos_sk_", alnum, 32, 64, "A key with the prefix dos_sk_.", "Weir key form", "dos_sk_" + hex40},
	{"olava", "olv_sk_", hexadecimal, 40, 40, "A key with the prefix olv_sk_.", "Weir key form", "olv_sk_" + hex40},
	{"weir", "weir_", hexadecimal, 40, 40, "A key with the prefix weir_.", "Weir key form", "weir_" + hex40},
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

// tokenStarts says whether a key can begin at i.
func tokenStarts(text string, i int) bool {
	return i == 0 || !alnum(text[i-1]) || escape(text, i-1)
}

// key checks the token at i. The first form in the list wins, so longer prefixes stand before shorter ones.
func key(text string, i int, into []Finding) []Finding {
	for _, k := range keysBy[text[i]] {
		if end, _ := k.read(text, i); end > 0 {
			return append(into, Finding{
				Type: APIKey, Category: Secret, Severity: Critical, Score: 0.99, Start: i, End: end, Rule: "secret." + k.id,
			})
		}
	}
	return into
}

// read is where a key of this form at i ends, 0 if there is none, and whether more text could change that. A longer
// run of an open-ended form is a key up to its longest length; of any other form it is none.
func (k *keyForm) read(text string, i int) (end int, open bool) {
	rest := text[i:]
	if len(rest) < len(k.prefix) {
		return 0, strings.HasPrefix(k.prefix, rest)
	}
	if !strings.HasPrefix(rest, k.prefix) {
		return 0, false
	}
	rest = rest[len(k.prefix):]
	n := 0
	for n <= k.max && n < len(rest) && k.of(rest[n]) {
		n++
	}
	if open = n == len(rest) && n <= k.max; k.max == openEnded {
		n = min(n, openEnded)
	}
	if n < k.min || n > k.max || !strings.ContainsAny(rest[:n], "0123456789") {
		return 0, open
	}
	return i + len(k.prefix) + n, open
}

// openKey is where a token at the end of the text begins that is a key, or could become one.
func openKey(text string) int {
	for i := max(0, len(text)-keyBytes); i < len(text); i++ {
		if duties[text[i]]&seeksKey == 0 || !tokenStarts(text, i) {
			continue
		}
		for _, k := range keysBy[text[i]] {
			if _, open := k.read(text, i); open {
				return i
			}
		}
	}
	return len(text)
}

// keyBytes is the longest key with the longest prefix.
const keyBytes = openEnded + 16

// tokenByte says whether a byte can stand inside a key.
func tokenByte(c byte) bool { return alnum(c) || c == '_' || c == '-' }

func upper(c byte) bool { return digit(c) || c >= 'A' && c <= 'Z' }

func hexadecimal(c byte) bool { return digit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

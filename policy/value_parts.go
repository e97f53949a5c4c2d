package policy

import "github.com/open-policy-agent/opa/v1/ast"

func (b *builder) time(t *Time) *ast.Term {
	return b.object(
		at(keyHour, b.integer(int64(t.Hour))),
		at(keyMinute, b.integer(int64(t.Minute))),
		at(keyUnixMilli, b.integer(t.UnixMilli)),
		at(keyWeekday, b.text(t.Weekday)),
	)
}

func (b *builder) identity(i *Identity) *ast.Term {
	return b.object(
		at(keyActor, b.text(i.Actor)),
		at(keyKey, b.text(i.Key)),
		at(keyLabels, table(b, i.Labels, (*builder).text)),
		at(keyScopes, b.texts(i.Scopes)),
		at(keySession, b.text(i.Session)),
		at(keyTenant, b.text(i.Tenant)),
	)
}

func (b *builder) request(r *RequestFacts) *ast.Term {
	return b.object(
		at(keyBytes, b.integer(r.Bytes)),
		at(keyLongestChars, b.integer(r.LongestChars)),
		at(keyMessages, b.integer(r.Messages)),
		at(keyMethod, b.text(r.Method)),
		at(keyModel, b.text(r.Model)),
		at(keyParameters, table(b, r.Parameters, (*builder).number)),
		at(keyPath, b.text(r.Path)),
		at(keyRoles, table(b, r.Roles, (*builder).integer)),
		at(keyStream, b.flag(r.Stream)),
		at(keySurface, b.text(r.Surface)),
		at(keyToolCalls, b.texts(r.ToolCalls)),
		at(keyTools, b.texts(r.Tools)),
	)
}

func (b *builder) finding(f *FindingFacts) *ast.Term {
	return b.object(
		at(keyCategory, b.text(f.Category)),
		at(keyCount, b.integer(f.Count)),
		at(keyDirection, b.text(f.Direction)),
		at(keyRoles, b.texts(f.Roles)),
		at(keyRules, b.texts(f.Rules)),
		at(keyScore, b.number(f.Score)),
		at(keySeverity, b.text(f.Severity)),
		at(keyType, b.text(f.Type)),
	)
}

func (b *builder) candidate(c *CandidateFact) *ast.Term {
	return b.object(
		at(keyModel, b.text(c.Model)),
		at(keyProvider, b.text(c.Provider)),
		at(keyRegion, b.text(c.Region)),
	)
}

func (b *builder) tokens(t *TokenFacts) *ast.Term {
	return b.object(
		at(keyInputBound, b.integer(t.InputBound)),
		at(keyInputEstimate, b.integer(t.InputEstimate)),
		at(keyOutputLimit, b.integer(t.OutputLimit)),
	)
}

func (b *builder) rate(r *RateFacts) *ast.Term {
	return b.object(
		at(keyID, b.text(r.ID)),
		at(keyLimit, b.integer(r.Limit)),
		at(keyRefused, b.flag(r.Refused)),
		at(keyRemaining, b.integer(r.Remaining)),
		at(keyRetryAfterMS, b.integer(r.RetryMillis)),
		at(keyScope, b.text(r.Scope)),
		at(keyUnit, b.text(r.Unit)),
		at(keyWindowMS, b.integer(r.WindowMillis)),
	)
}

func (b *builder) budget(f *BudgetFacts) *ast.Term {
	return b.object(
		at(keyHeldMicroUSD, b.integer(f.Held)),
		at(keyID, b.text(f.ID)),
		at(keyKind, b.text(f.Kind)),
		at(keyLimitMicroUSD, b.integer(f.Limit)),
		at(keyOver, b.flag(f.Over)),
		at(keyPeriod, b.text(f.Period)),
		at(keyRefused, b.flag(f.Refused)),
		at(keyResetUnixMilli, b.integer(f.ResetMillis)),
		at(keyScope, b.text(f.Scope)),
		at(keySoft, b.flag(f.Soft)),
		at(keySpentMicroUSD, b.integer(f.Spent)),
	)
}

func (b *builder) client(c *ClientFacts) *ast.Term {
	return b.object(
		at(keyAddress, b.text(c.Address)),
		at(keyHeaders, table(b, c.Headers, (*builder).text)),
		at(keyPrincipal, b.text(c.Principal)),
	)
}

func (b *builder) models(m *ModelFacts) *ast.Term {
	return b.object(
		at(keyKeyAllow, b.texts(m.KeyAllow)),
		at(keyKeyDeny, b.texts(m.KeyDeny)),
		at(keyTenantAllow, b.texts(m.TenantAllow)),
		at(keyTenantDeny, b.texts(m.TenantDeny)),
	)
}

// The keys of input and of a decision, made once. Terms are immutable and shared by all evaluations.
var (
	keyActor, keyAddress, keyAnswers, keyBudgets       = word("actor"), word("address"), word("answers"), word("budgets")
	keyBytes, keyCandidates, keyCategories             = word("bytes"), word("candidates"), word("categories")
	keyCategory, keyClient, keyCode, keyCount          = word("category"), word("client"), word("code"), word("count")
	keyDetail, keyDirection, keyExcluded, keyFindings  = word("detail"), word("direction"), word("excluded"), word("findings")
	keyFlags, keyHeaders, keyHeldMicroUSD, keyHour     = word("flags"), word("headers"), word("held_micro_usd"), word("hour")
	keyID, keyIdentity, keyInputBound                  = word("id"), word("identity"), word("input_bound")
	keyInputEstimate, keyKey, keyKeyAllow, keyKeyDeny  = word("input_estimate"), word("key"), word("key_allow"), word("key_deny")
	keyKind, keyLabels, keyLimit, keyLimitMicroUSD     = word("kind"), word("labels"), word("limit"), word("limit_micro_usd")
	keyLongestChars, keyMessage, keyMessages           = word("longest_chars"), word("message"), word("messages")
	keyMethod, keyMinute, keyModel, keyModels          = word("method"), word("minute"), word("model"), word("models")
	keyOutputLimit, keyOver, keyParameters, keyPath    = word("output_limit"), word("over"), word("parameters"), word("path")
	keyPeriod, keyPhase, keyPrincipal, keyProvider     = word("period"), word("phase"), word("principal"), word("provider")
	keyRates, keyReasons, keyRedact, keyRefused        = word("rates"), word("reasons"), word("redact"), word("refused")
	keyRegion, keyRemaining, keyRequest                = word("region"), word("remaining"), word("request")
	keyResetUnixMilli, keyRestore, keyRetryAfterMS     = word("reset_unix_milli"), word("restore"), word("retry_after_ms")
	keyReversible, keyRoles, keyRules, keySchema       = word("reversible"), word("roles"), word("rules"), word("schema")
	keyScope, keyScopes, keyScore, keySession          = word("scope"), word("scopes"), word("score"), word("session")
	keySettings, keySeverity, keySoft                  = word("settings"), word("severity"), word("soft")
	keySpentMicroUSD, keyStream, keySurface, keyTenant = word("spent_micro_usd"), word("stream"), word("surface"), word("tenant")
	keyTenantAllow, keyTenantDeny, keyThreshold        = word("tenant_allow"), word("tenant_deny"), word("threshold")
	keyTime, keyTokens, keyToolCalls, keyTools         = word("time"), word("tokens"), word("tool_calls"), word("tools")
	keyType, keyTypes, keyUnit, keyUnixMilli           = word("type"), word("types"), word("unit"), word("unix_milli")
	keyWeekday, keyWindowMS                            = word("weekday"), word("window_ms")
)

func word(s string) *ast.Term { return ast.StringTerm(s) }

// words are strings that most requests hold, made once. A string that is missing here only costs an allocation.
var words = func() map[string]*ast.Term {
	out := map[string]*ast.Term{}
	for _, s := range []string{
		"request", "response", "close", "POST", "GET", "system", "user", "assistant", "tool", "developer",
		"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
		"pii", "secret", "injection", "content", "low", "medium", "high", "critical", "tenant", "key", "actor",
		"requests", "tokens", "hour", "day", "week", "month", "total", "openai.chat", "anthropic.messages",
		"temperature", "top_p", "max_tokens", "EMAIL_ADDRESS", "CREDIT_CARD", "US_SSN", "PHONE_NUMBER", "API_KEY",
		"PROMPT_INJECTION",
	} {
		out[s] = word(s)
	}
	return out
}()

package policy

import "github.com/open-policy-agent/opa/v1/ast"

// The members of the input, one function for each object, by name.

func factsFields() []field[Facts] {
	return []field[Facts]{
		{keyAnswer, func(b *builder, v *Facts) *ast.Term {
			if v.Answer == nil {
				return nil
			}
			return compose(b, b.shape.answer, v.Answer)
		}},
		{word(answeredName), func(b *builder, v *Facts) *ast.Term { return b.grouped(v, "response") }},
		{keyBudgets, func(b *builder, v *Facts) *ast.Term { return objects(b, b.shape.budget, v.Budgets) }},
		{keyCandidates, func(b *builder, v *Facts) *ast.Term { return objects(b, b.shape.candidate, v.Candidates) }},
		{keyClient, func(b *builder, v *Facts) *ast.Term { return compose(b, b.shape.client, &v.Client) }},
		{keyFindings, func(b *builder, v *Facts) *ast.Term { return b.findings(v) }},
		{word(foundName), func(b *builder, v *Facts) *ast.Term { return b.grouped(v, "request") }},
		{keyIdentity, func(b *builder, v *Facts) *ast.Term { return compose(b, b.shape.identity, &v.Identity) }},
		{keyModels, func(b *builder, v *Facts) *ast.Term { return compose(b, b.shape.models, &v.Models) }},
		{keyPhase, func(b *builder, v *Facts) *ast.Term { return b.text(v.Phase) }},
		{keyRates, func(b *builder, v *Facts) *ast.Term { return objects(b, b.shape.rate, v.Rates) }},
		{keyRequest, func(b *builder, v *Facts) *ast.Term { return compose(b, b.shape.request, &v.Request) }},
		{keySchema, func(b *builder, v *Facts) *ast.Term { return b.integer(int64(v.Schema)) }},
		{keySettings, func(b *builder, _ *Facts) *ast.Term { return b.settings }},
		{word(textName), func(b *builder, v *Facts) *ast.Term {
			if v.Text == nil {
				return nil
			}
			return compose(b, b.shape.text, v.Text)
		}},
		{keyTime, func(b *builder, v *Facts) *ast.Term { return compose(b, b.shape.time, &v.Time) }},
		{keyTokens, func(b *builder, v *Facts) *ast.Term { return compose(b, b.shape.tokens, &v.Tokens) }},
	}
}

// The two members that are made of others: findings by category and by type, of the request and of the answer.
const (
	foundName    = "found"
	answeredName = "answered"
)

// findings makes the list, once.
func (b *builder) findings(f *Facts) *ast.Term {
	if len(f.Findings) == 0 {
		return ast.InternedEmptyArray
	}
	return b.term(ast.NewArray(b.each(f)...))
}

func (b *builder) each(f *Facts) []*ast.Term {
	if b.found == nil {
		b.found = make([]*ast.Term, len(f.Findings))
		for i := range f.Findings {
			b.found[i] = compose(b, b.shape.finding, &f.Findings[i])
		}
	}
	return b.found
}

// grouped are the findings of a direction as an object from category to an object from type to finding, so that a rule
// about a category is not even looked at where nothing of it was found. Of two findings of one type the later stays.
func (b *builder) grouped(f *Facts, direction string) *ast.Term {
	groups := ast.NewObject()
	for i := range f.Findings {
		category := f.Findings[i].Category
		if f.Findings[i].Direction != direction || groups.Get(b.text(category)) != nil {
			continue
		}
		types := ast.NewObject()
		for j := i; j < len(f.Findings); j++ {
			if g := &f.Findings[j]; g.Direction == direction && g.Category == category {
				types.Insert(b.text(g.Type), b.each(f)[j])
			}
		}
		groups.Insert(b.text(category), b.term(types))
	}
	return b.term(groups)
}

func timeFields() []field[Time] {
	return []field[Time]{
		{keyHour, func(b *builder, v *Time) *ast.Term { return b.integer(int64(v.Hour)) }},
		{keyMinute, func(b *builder, v *Time) *ast.Term { return b.integer(int64(v.Minute)) }},
		{keyUnixMilli, func(b *builder, v *Time) *ast.Term { return b.integer(v.UnixMilli) }},
		{keyWeekday, func(b *builder, v *Time) *ast.Term { return b.text(v.Weekday) }},
	}
}

func identityFields() []field[Identity] {
	return []field[Identity]{
		{keyActor, func(b *builder, v *Identity) *ast.Term { return b.text(v.Actor) }},
		{keyKey, func(b *builder, v *Identity) *ast.Term { return b.text(v.Key) }},
		{keyLabels, func(b *builder, v *Identity) *ast.Term { return table(b, v.Labels, (*builder).text) }},
		{keyScopes, func(b *builder, v *Identity) *ast.Term { return b.texts(v.Scopes) }},
		{keySession, func(b *builder, v *Identity) *ast.Term { return b.text(v.Session) }},
		{keyTags, func(b *builder, v *Identity) *ast.Term { return b.texts(v.Tags) }},
		{keyTenant, func(b *builder, v *Identity) *ast.Term { return b.text(v.Tenant) }},
	}
}

func requestFields() []field[RequestFacts] {
	return []field[RequestFacts]{
		{keyBytes, func(b *builder, v *RequestFacts) *ast.Term { return b.integer(v.Bytes) }},
		{keyLongestChars, func(b *builder, v *RequestFacts) *ast.Term { return b.integer(v.LongestChars) }},
		{keyMedia, func(b *builder, v *RequestFacts) *ast.Term { return b.texts(v.Media) }},
		{keyMessages, func(b *builder, v *RequestFacts) *ast.Term { return b.integer(v.Messages) }},
		{keyMethod, func(b *builder, v *RequestFacts) *ast.Term { return b.text(v.Method) }},
		{keyModel, func(b *builder, v *RequestFacts) *ast.Term { return b.text(v.Model) }},
		{keyParameters, func(b *builder, v *RequestFacts) *ast.Term { return table(b, v.Parameters, (*builder).number) }},
		{keyPath, func(b *builder, v *RequestFacts) *ast.Term { return b.text(v.Path) }},
		{keyRoles, func(b *builder, v *RequestFacts) *ast.Term { return table(b, v.Roles, (*builder).integer) }},
		{keyStream, func(b *builder, v *RequestFacts) *ast.Term { return b.flag(v.Stream) }},
		{keySurface, func(b *builder, v *RequestFacts) *ast.Term { return b.text(v.Surface) }},
		{keyToolCalls, func(b *builder, v *RequestFacts) *ast.Term { return b.texts(v.ToolCalls) }},
		{keyTools, func(b *builder, v *RequestFacts) *ast.Term { return b.texts(v.Tools) }},
		{keyUser, func(b *builder, v *RequestFacts) *ast.Term { return b.text(v.User) }},
	}
}

func findingFields() []field[FindingFacts] {
	return []field[FindingFacts]{
		{keyCategory, func(b *builder, v *FindingFacts) *ast.Term { return b.text(v.Category) }},
		{keyCount, func(b *builder, v *FindingFacts) *ast.Term { return b.integer(v.Count) }},
		{keyDataClass, func(b *builder, v *FindingFacts) *ast.Term { return b.text(v.DataClass) }},
		{keyDirection, func(b *builder, v *FindingFacts) *ast.Term { return b.text(v.Direction) }},
		{keyRiskCategory, func(b *builder, v *FindingFacts) *ast.Term { return b.text(v.RiskCategory) }},
		{keyRoles, func(b *builder, v *FindingFacts) *ast.Term { return b.texts(v.Roles) }},
		{keyRules, func(b *builder, v *FindingFacts) *ast.Term { return b.texts(v.Rules) }},
		{keyScore, func(b *builder, v *FindingFacts) *ast.Term { return b.number(v.Score) }},
		{keyScores, func(b *builder, v *FindingFacts) *ast.Term {
			if len(v.Scores) == 0 {
				return nil
			}
			return table(b, v.Scores, (*builder).number)
		}},
		{keySeverity, func(b *builder, v *FindingFacts) *ast.Term { return b.text(v.Severity) }},
		{keyType, func(b *builder, v *FindingFacts) *ast.Term { return b.text(v.Type) }},
	}
}

func candidateFields() []field[CandidateFact] {
	return []field[CandidateFact]{
		{keyModel, func(b *builder, v *CandidateFact) *ast.Term { return b.text(v.Model) }},
		{keyName, func(b *builder, v *CandidateFact) *ast.Term { return b.text(v.Name) }},
		{keyProvider, func(b *builder, v *CandidateFact) *ast.Term { return b.text(v.Provider) }},
		{keyRegion, func(b *builder, v *CandidateFact) *ast.Term { return b.text(v.Region) }},
	}
}

func tokenFields() []field[TokenFacts] {
	return []field[TokenFacts]{
		{keyInputBound, func(b *builder, v *TokenFacts) *ast.Term { return b.integer(v.InputBound) }},
		{keyInputEstimate, func(b *builder, v *TokenFacts) *ast.Term { return b.integer(v.InputEstimate) }},
		{keyOutputLimit, func(b *builder, v *TokenFacts) *ast.Term { return b.integer(v.OutputLimit) }},
	}
}

func rateFields() []field[RateFacts] {
	return []field[RateFacts]{
		{keyID, func(b *builder, v *RateFacts) *ast.Term { return b.text(v.ID) }},
		{keyLimit, func(b *builder, v *RateFacts) *ast.Term { return b.integer(v.Limit) }},
		{keyRefused, func(b *builder, v *RateFacts) *ast.Term { return b.flag(v.Refused) }},
		{keyRemaining, func(b *builder, v *RateFacts) *ast.Term { return b.integer(v.Remaining) }},
		{keyRetryAfterMS, func(b *builder, v *RateFacts) *ast.Term { return b.integer(v.RetryMillis) }},
		{keyScope, func(b *builder, v *RateFacts) *ast.Term { return b.text(v.Scope) }},
		{keyUnit, func(b *builder, v *RateFacts) *ast.Term { return b.text(v.Unit) }},
		{keyWindowMS, func(b *builder, v *RateFacts) *ast.Term { return b.integer(v.WindowMillis) }},
	}
}

func budgetFields() []field[BudgetFacts] {
	return []field[BudgetFacts]{
		{keyHeldMicroUSD, func(b *builder, v *BudgetFacts) *ast.Term { return b.integer(v.Held) }},
		{keyID, func(b *builder, v *BudgetFacts) *ast.Term { return b.text(v.ID) }},
		{keyKind, func(b *builder, v *BudgetFacts) *ast.Term { return b.text(v.Kind) }},
		{keyLimitMicroUSD, func(b *builder, v *BudgetFacts) *ast.Term { return b.integer(v.Limit) }},
		{keyOver, func(b *builder, v *BudgetFacts) *ast.Term { return b.flag(v.Over) }},
		{keyPeriod, func(b *builder, v *BudgetFacts) *ast.Term { return b.text(v.Period) }},
		{keyRefused, func(b *builder, v *BudgetFacts) *ast.Term { return b.flag(v.Refused) }},
		{keyResetUnixMilli, func(b *builder, v *BudgetFacts) *ast.Term { return b.integer(v.ResetMillis) }},
		{keyScope, func(b *builder, v *BudgetFacts) *ast.Term { return b.text(v.Scope) }},
		{keySoft, func(b *builder, v *BudgetFacts) *ast.Term { return b.flag(v.Soft) }},
		{keySpentMicroUSD, func(b *builder, v *BudgetFacts) *ast.Term { return b.integer(v.Spent) }},
	}
}

func clientFields() []field[ClientFacts] {
	return []field[ClientFacts]{
		{keyAddress, func(b *builder, v *ClientFacts) *ast.Term { return b.text(v.Address) }},
		{keyAttributes, func(b *builder, v *ClientFacts) *ast.Term { return table(b, v.Attributes, (*builder).text) }},
		{keyHeaders, func(b *builder, v *ClientFacts) *ast.Term { return table(b, v.Headers, (*builder).text) }},
		{keyPrincipal, func(b *builder, v *ClientFacts) *ast.Term { return b.text(v.Principal) }},
	}
}

func textFields() []field[TextFacts] {
	return []field[TextFacts]{
		{keyCount, func(b *builder, v *TextFacts) *ast.Term { return b.integer(v.Count) }},
		{word("cut"), func(b *builder, v *TextFacts) *ast.Term { return b.flag(v.Cut) }},
		{word("segments"), func(b *builder, v *TextFacts) *ast.Term { return objects(b, b.shape.segment, v.Segments) }},
	}
}

func segmentFields() []field[SegmentFact] {
	return []field[SegmentFact]{
		{word("place"), func(b *builder, v *SegmentFact) *ast.Term { return b.text(v.Place) }},
		{word("role"), func(b *builder, v *SegmentFact) *ast.Term { return b.text(v.Role) }},
		{word(textName), func(b *builder, v *SegmentFact) *ast.Term { return b.text(v.Text) }},
	}
}

func modelFields() []field[ModelFacts] {
	return []field[ModelFacts]{
		{keyKeyAllow, func(b *builder, v *ModelFacts) *ast.Term { return b.some(v.KeyAllow) }},
		{keyKeyDeny, func(b *builder, v *ModelFacts) *ast.Term { return b.some(v.KeyDeny) }},
		{keyTenantAllow, func(b *builder, v *ModelFacts) *ast.Term { return b.some(v.TenantAllow) }},
		{keyTenantDeny, func(b *builder, v *ModelFacts) *ast.Term { return b.some(v.TenantDeny) }},
	}
}

func answerFields() []field[AnswerFacts] {
	return []field[AnswerFacts]{
		{keyCode, func(b *builder, v *AnswerFacts) *ast.Term { return b.text(v.Code) }},
		{keyCostMicroUSD, func(b *builder, v *AnswerFacts) *ast.Term { return b.integer(v.Cost) }},
		{keyEnded, func(b *builder, v *AnswerFacts) *ast.Term { return b.text(v.Ended) }},
		{keyEstimated, func(b *builder, v *AnswerFacts) *ast.Term { return b.flag(v.Estimated) }},
		{keyFinishReasons, func(b *builder, v *AnswerFacts) *ast.Term { return b.texts(v.FinishReasons) }},
		{keyInputTokens, func(b *builder, v *AnswerFacts) *ast.Term { return b.integer(v.InputTokens) }},
		{keyModel, func(b *builder, v *AnswerFacts) *ast.Term { return b.text(v.Model) }},
		{keyOutputTokens, func(b *builder, v *AnswerFacts) *ast.Term { return b.integer(v.OutputTokens) }},
		{keyProvider, func(b *builder, v *AnswerFacts) *ast.Term { return b.text(v.Provider) }},
		{keyStatus, func(b *builder, v *AnswerFacts) *ast.Term { return b.integer(int64(v.Status)) }},
		{keyToolsCalled, func(b *builder, v *AnswerFacts) *ast.Term { return b.texts(v.ToolsCalled) }},
		{keyUpstreamStatus, func(b *builder, v *AnswerFacts) *ast.Term { return b.integer(int64(v.UpstreamStatus)) }},
	}
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
	keyScores                                          = word("scores")
	keySettings, keySeverity, keySoft                  = word("settings"), word("severity"), word("soft")
	keySpentMicroUSD, keyStream, keySurface, keyTenant = word("spent_micro_usd"), word("stream"), word("surface"), word("tenant")
	keyName                                            = word("name")
	keyTags                                            = word("tags")
	keyTenantAllow, keyTenantDeny, keyThreshold        = word("tenant_allow"), word("tenant_deny"), word("threshold")
	keyTime, keyTokens, keyToolCalls, keyTools         = word("time"), word("tokens"), word("tool_calls"), word("tools")
	keyType, keyTypes, keyUnit, keyUnixMilli           = word("type"), word("types"), word("unit"), word("unix_milli")
	keyWeekday, keyWindowMS                            = word("weekday"), word("window_ms")

	keyAlerts                      = word("alerts")
	keyObligations, keyPlan, keyDo = word("obligations"), word("plan"), word("do")
	keyAnswer                      = word("answer")
	keyAttributes                  = word("attributes")
	keyCostMicroUSD                = word("cost_micro_usd")
	keyDataClass                   = word("data_class")
	keyEnded                       = word("ended")
	keyEstimated                   = word("estimated")
	keyFinishReasons               = word("finish_reasons")
	keyInputTokens                 = word("input_tokens")
	keyMedia                       = word("media")
	keyOutputTokens                = word("output_tokens")
	keyRiskCategory                = word("risk_category")
	keyStatus                      = word("status")
	keyToolsCalled                 = word("tools_called")
	keyUpstreamStatus              = word("upstream_status")
	keyUser                        = word("user")
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

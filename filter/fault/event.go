package fault

// Events of exchanges that are no refusal.
const (
	EventExchange         = "EXCHANGE" // nothing was found that changed it
	EventPIIDetected      = "PII_DETECTED"
	EventPIIRedacted      = "PII_REDACTED"
	EventGuardrailFlagged = "GUARDRAIL_FLAGGED"
)

// events are the names that the products' audit trails have for refusals. A code without one is its own, in capitals.
var events = map[Code]string{
	TenantSuspended:  "TENANT_SUSPENDED_BLOCK",
	BudgetExceeded:   "BUDGET_CAP_HARD",
	PIIDetected:      "PII_BLOCKED",
	GuardrailBlocked: "GUARDRAIL_BLOCKED",
	PolicyDenied:     "POLICY_DENIED", ModelNotPermitted: "POLICY_DENIED", ToolNotPermitted: "POLICY_DENIED", HoursDenied: "POLICY_DENIED",
	RegionDenied: "POLICY_DENIED", AddressDenied: "POLICY_DENIED", KeyScope: "POLICY_DENIED",
	InputTokensExceeded: "INPUT_SIZE_EXCEEDED", MessagesExceeded: "INPUT_SIZE_EXCEEDED", MessageLengthExceeded: "INPUT_SIZE_EXCEEDED",
	BodyTooLarge:          "INPUT_SIZE_EXCEEDED",
	ContextWindowExceeded: "CONTEXT_WINDOW_EXCEEDED",
}

// Event is the name of what happened, for the trail. streamed says that a stream was cut, which has names of its own.
func (c Code) Event(streamed bool) string {
	if streamed {
		switch c {
		case PIIDetected:
			return "PII_BLOCKED_STREAMING"
		case GuardrailBlocked:
			return "GUARDRAIL_BLOCKED_STREAMING"
		case StreamBroken:
			return "STREAM_ERROR"
		}
	}
	if name, ok := events[c]; ok {
		return name
	}
	upper := []byte(c)
	for i, b := range upper {
		if b >= 'a' && b <= 'z' {
			upper[i] = b - 'a' + 'A'
		}
	}
	return string(upper)
}

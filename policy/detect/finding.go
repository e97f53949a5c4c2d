package detect

// Type is what a finding is, by the entity names of Microsoft Presidio where it has one
// (EMAIL_ADDRESS, CREDIT_CARD, US_SSN), in the same manner where it has none (API_KEY, PROMPT_INJECTION).
type Type string

// Category is the family of a type: what a policy usually speaks of.
type Category string

// The categories. Every type belongs to exactly one.
const (
	PII       Category = "pii"
	Secret    Category = "secret"
	Injection Category = "injection"
	Content   Category = "content"
)

// Class is the kind of data a finding is, as data protection sorts it. The names are Rivaro's.
type Class string

// The data classes.
const (
	Personal    Class = "PII"
	Health      Class = "PHI"
	Financial   Class = "FINANCIAL"
	Credentials Class = "CREDENTIALS"
	NoData      Class = "NONE"
)

// Risk is what may come of a finding: what a policy that covers many types speaks of.
type Risk string

// The risk categories.
const (
	Exfiltration       Risk = "EXTERNAL_DATA_EXFILTRATION"
	CredentialExposure Risk = "CREDENTIAL_EXPOSURE"
	PromptManipulation Risk = "PROMPT_MANIPULATION"
	UnsafeOutput       Risk = "UNSAFE_OUTPUT"
	HarmfulContent     Risk = "HARMFUL_CONTENT"
	BusinessPolicy     Risk = "BUSINESS_POLICY"
)

// Severity grades the harm if a finding is real.
type Severity string

// The severities, lowest first.
const (
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// Finding is one thing a rule saw. Start and End are byte offsets into the text that was scanned, on rune
// borders, half open. A Finding never carries the text itself.
type Finding struct {
	Type     Type
	Category Category
	Severity Severity
	Score    float64 // 0..1
	Start    int
	End      int
	Rule     string // stable rule id, for example "pii.email"
}

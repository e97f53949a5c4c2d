package detect

// The types that rules find.
const (
	EmailAddress     Type = "EMAIL_ADDRESS"
	CreditCard       Type = "CREDIT_CARD"
	USSSN            Type = "US_SSN"
	PhoneNumber      Type = "PHONE_NUMBER"
	APIKey           Type = "API_KEY"
	JWT              Type = "JWT"
	PrivateKey       Type = "PRIVATE_KEY"
	Jailbreak        Type = "JAILBREAK"
	PromptInjection  Type = "PROMPT_INJECTION"
	PromptExtraction Type = "SYSTEM_PROMPT_EXTRACTION"
)

// Kind is a type and what others call it. An empty name means that the other has none.
type Kind struct {
	Type     Type
	Category Category
	Class    Class
	Risk     Risk
	Presidio string // entity of Microsoft Presidio
	DVARA    string // PII type or guardrail category of DVARA
	Rivaro   string // detection type of Rivaro
	Domain   string // risk domain of Rivaro
}

// Rivaro's risk domains.
const (
	dataProtection  = "DATA_PROTECTION"
	systemIntegrity = "SYSTEM_INTEGRITY"
	identityTrust   = "IDENTITY_TRUST"
	adversarial     = "ADVERSARIAL"
)

func personal(t Type, presidio, dvara, rivaro string) Kind {
	return Kind{t, PII, Personal, Exfiltration, presidio, dvara, rivaro, dataProtection}
}

func financial(t Type, presidio, dvara, rivaro string) Kind {
	return Kind{t, PII, Financial, Exfiltration, presidio, dvara, rivaro, dataProtection}
}

func credential(t Type, rivaro string) Kind {
	return Kind{t, Secret, Credentials, CredentialExposure, "", "", rivaro, identityTrust}
}

func attack(t Type, dvara, rivaro string) Kind {
	return Kind{t, Injection, NoData, PromptManipulation, "", dvara, rivaro, adversarial}
}

// kinds is the one table of types: a rule's type is a row here.
var kinds = []Kind{
	personal(EmailAddress, "EMAIL_ADDRESS", "EMAIL", "PII_EMAIL"),
	personal(PhoneNumber, "PHONE_NUMBER", "PHONE_NUMBER", "PII_PHONE"),
	financial(CreditCard, "CREDIT_CARD", "CREDIT_CARD", "FINANCIAL_CREDIT_CARD"),
	personal(USSSN, "US_SSN", "SSN", "PII_SSN"),

	credential(APIKey, "CREDENTIALS_API_KEY"),
	credential(JWT, "CREDENTIALS_TOKEN"),
	credential(PrivateKey, "CREDENTIALS_PRIVATE_KEY"),

	attack(Jailbreak, "JAILBREAK", "SECURITY_JAILBREAK"),
	attack(PromptInjection, "INJECTION", "SECURITY_PROMPT_INJECTION"),
	attack(PromptExtraction, "JAILBREAK", "SECURITY_PROMPT_EXTRACTION"),
}

var kindOf = func() map[Type]*Kind {
	m := make(map[Type]*Kind, len(kinds))
	for i := range kinds {
		m[kinds[i].Type] = &kinds[i]
	}
	return m
}()

// Kinds lists every type that a built-in rule can find.
func Kinds() []Kind { return append([]Kind(nil), kinds...) }

// KindOf says what is known of a type. A type this build does not know is content and no data: a tenant's own.
func KindOf(t Type) Kind {
	if k := kindOf[t]; k != nil {
		return *k
	}
	return Kind{Type: t, Category: Content, Class: NoData, Risk: BusinessPolicy, DVARA: "CUSTOM"}
}

// CategoryOf is the category of a type; Content for a type this build does not know.
func CategoryOf(t Type) Category { return KindOf(t).Category }

// Types lists every type that a built-in rule can find.
func Types() []Type {
	out := make([]Type, len(kinds))
	for i := range kinds {
		out[i] = kinds[i].Type
	}
	return out
}

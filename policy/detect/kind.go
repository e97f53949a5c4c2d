package detect

// The types that rules find.
const (
	EmailAddress  Type = "EMAIL_ADDRESS"
	CreditCard    Type = "CREDIT_CARD"
	PhoneNumber   Type = "PHONE_NUMBER"
	PostalAddress Type = "POSTAL_ADDRESS"
	GPS           Type = "GPS_COORDINATES"
	IPAddress     Type = "IP_ADDRESS"
	MACAddress    Type = "MAC_ADDRESS"
	DateOfBirth   Type = "DATE_OF_BIRTH"
	Passport      Type = "PASSPORT"
	DriverLicence Type = "DRIVER_LICENSE"
	VIN           Type = "VIN"
	IBAN          Type = "IBAN_CODE"
	SWIFT         Type = "SWIFT_CODE"
	BankRouting   Type = "BANK_ROUTING"
	BankAccount   Type = "BANK_ACCOUNT"
	Crypto        Type = "CRYPTO"
	MedicalRecord Type = "MEDICAL_RECORD_NUMBER"

	USSSN            Type = "US_SSN"
	USITIN           Type = "US_ITIN"
	USNPI            Type = "US_NPI"
	USDEA            Type = "MEDICAL_LICENSE"
	CASIN            Type = "CA_SIN"
	UKNHS            Type = "UK_NHS"
	UKNINO           Type = "UK_NINO"
	DESteuerID       Type = "DE_STEUER_ID"
	FRNIR            Type = "FR_NIR"
	ESDNI            Type = "ES_NIF"
	ESNIE            Type = "ES_NIE"
	ITFiscalCode     Type = "IT_FISCAL_CODE"
	NLBSN            Type = "NL_BSN"
	INAadhaar        Type = "IN_AADHAAR"
	INPAN            Type = "IN_PAN"
	BRCPF            Type = "BR_CPF"
	BRCNPJ           Type = "BR_CNPJ"
	PLPESEL          Type = "PL_PESEL"
	SEPersonnummer   Type = "SE_PERSONNUMMER"
	SGNRIC           Type = "SG_NRIC_FIN"
	AUTFN            Type = "AU_TFN"
	AUMedicare       Type = "AU_MEDICARE"
	CHAHV            Type = "CH_AHV"
	BENationalNumber Type = "BE_NATIONAL_NUMBER"
	KRRRN            Type = "KR_RRN"
	JPMyNumber       Type = "JP_MY_NUMBER"
	CNResidentID     Type = "CN_RESIDENT_ID"
	FIHETU           Type = "FI_PERSONAL_IDENTITY_CODE"
	IEPPS            Type = "IE_PPS"
	MXCURP           Type = "MX_CURP"

	APIKey           Type = "API_KEY"
	JWT              Type = "JWT"
	PrivateKey       Type = "PRIVATE_KEY"
	Password         Type = "PASSWORD"
	ConnectionString Type = "CONNECTION_STRING"

	Exfiltrating Type = "EXFILTRATION_LINK"

	Jailbreak        Type = "JAILBREAK"
	PromptInjection  Type = "PROMPT_INJECTION"
	PromptExtraction Type = "SYSTEM_PROMPT_EXTRACTION"
	SystemPromptLeak Type = "SYSTEM_PROMPT_LEAK"
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
	dataProtection = "DATA_PROTECTION"
	identityTrust  = "IDENTITY_TRUST"
	adversarial    = "ADVERSARIAL"
)

func personal(t Type, presidio, dvara, rivaro string) Kind {
	return Kind{t, PII, Personal, Exfiltration, presidio, dvara, rivaro, dataProtection}
}

func financial(t Type, presidio, dvara, rivaro string) Kind {
	return Kind{t, PII, Financial, Exfiltration, presidio, dvara, rivaro, dataProtection}
}

func health(t Type, presidio, dvara, rivaro string) Kind {
	return Kind{t, PII, Health, Exfiltration, presidio, dvara, rivaro, dataProtection}
}

func credential(t Type, rivaro string) Kind {
	return Kind{t, Secret, Credentials, CredentialExposure, "", "", rivaro, identityTrust}
}

func attack(t Type, dvara, rivaro string) Kind {
	return Kind{t, Injection, NoData, PromptManipulation, "", dvara, rivaro, adversarial}
}

func harmful(t Type, dvara, rivaro string) Kind {
	return Kind{t, Content, NoData, HarmfulContent, "", dvara, rivaro, ""}
}

// kinds is the one table of types: a rule's type is a row here.
var kinds = []Kind{
	personal(EmailAddress, "EMAIL_ADDRESS", "EMAIL", "PII_EMAIL"),
	personal(PhoneNumber, "PHONE_NUMBER", "PHONE_NUMBER", "PII_PHONE"),
	financial(CreditCard, "CREDIT_CARD", "CREDIT_CARD", "FINANCIAL_CREDIT_CARD"),
	personal(Person, "PERSON", "PERSON_NAME", "PII_NAME"),
	personal(Location, "LOCATION", "", "PII_LOCATION"),
	personal(Organization, "ORGANIZATION", "", ""),
	personal(PostalAddress, "LOCATION", "", "PII_ADDRESS"),
	personal(GPS, "LOCATION", "", "PII_LOCATION"),
	personal(IPAddress, "IP_ADDRESS", "IP_ADDRESS", "PII_IP_ADDRESS"),
	personal(MACAddress, "MAC_ADDRESS", "", "PII_MAC_ADDRESS"),
	personal(DateOfBirth, "DATE_TIME", "DATE_OF_BIRTH", "PII_DATE_OF_BIRTH"),
	personal(Passport, "US_PASSPORT", "PASSPORT_NUMBER", "PII_PASSPORT"),
	personal(DriverLicence, "US_DRIVER_LICENSE", "DRIVERS_LICENSE", "PII_DRIVERS_LICENSE"),
	personal(VIN, "", "", "PII_VIN"),
	financial(IBAN, "IBAN_CODE", "IBAN", "FINANCIAL_IBAN"),
	financial(SWIFT, "", "", "FINANCIAL_SWIFT_CODE"),
	financial(BankRouting, "ABA_ROUTING_NUMBER", "", "FINANCIAL_ROUTING_NUMBER"),
	financial(BankAccount, "US_BANK_NUMBER", "", "FINANCIAL_BANK_ACCOUNT"),
	financial(Crypto, "CRYPTO", "", "FINANCIAL_CRYPTO_WALLET"),
	health(MedicalRecord, "", "MEDICAL_RECORD_NUMBER", "PHI_MEDICAL_RECORD"),
	health(USNPI, "US_NPI", "NPI_NUMBER", "PHI_NPI"),
	health(USDEA, "MEDICAL_LICENSE", "DEA_NUMBER", "PHI_DEA"),
	health(UKNHS, "UK_NHS", "", "PHI_NHS_NUMBER"),
	health(AUMedicare, "AU_MEDICARE", "", "PHI_MEDICARE"),

	personal(USSSN, "US_SSN", "SSN", "PII_SSN"),
	personal(USITIN, "US_ITIN", "", "PII_ITIN"),
	personal(CASIN, "CA_SIN", "", "PII_NATIONAL_ID"),
	personal(UKNINO, "UK_NINO", "", "PII_NATIONAL_ID"),
	personal(DESteuerID, "DE_TAX_ID", "", "PII_TAX_ID"),
	personal(FRNIR, "", "", "PII_NATIONAL_ID"),
	personal(ESDNI, "ES_NIF", "", "PII_NATIONAL_ID"),
	personal(ESNIE, "ES_NIE", "", "PII_NATIONAL_ID"),
	personal(ITFiscalCode, "IT_FISCAL_CODE", "", "PII_TAX_ID"),
	personal(NLBSN, "", "", "PII_NATIONAL_ID"),
	personal(INAadhaar, "IN_AADHAAR", "AADHAAR", "PII_NATIONAL_ID"),
	personal(INPAN, "IN_PAN", "PAN", "PII_TAX_ID"),
	personal(BRCPF, "", "", "PII_TAX_ID"),
	personal(BRCNPJ, "", "", "PII_TAX_ID"),
	personal(PLPESEL, "PL_PESEL", "", "PII_NATIONAL_ID"),
	personal(SEPersonnummer, "SE_PERSONNUMMER", "", "PII_NATIONAL_ID"),
	personal(SGNRIC, "SG_NRIC_FIN", "", "PII_NATIONAL_ID"),
	personal(AUTFN, "AU_TFN", "", "PII_TAX_ID"),
	personal(CHAHV, "", "", "PII_NATIONAL_ID"),
	personal(BENationalNumber, "", "", "PII_NATIONAL_ID"),
	personal(KRRRN, "KR_RRN", "", "PII_NATIONAL_ID"),
	personal(JPMyNumber, "", "", "PII_NATIONAL_ID"),
	personal(CNResidentID, "", "", "PII_NATIONAL_ID"),
	personal(FIHETU, "FI_PERSONAL_IDENTITY_CODE", "", "PII_NATIONAL_ID"),
	personal(IEPPS, "", "", "PII_NATIONAL_ID"),
	personal(MXCURP, "", "", "PII_NATIONAL_ID"),

	credential(APIKey, "CREDENTIALS_API_KEY"),
	credential(JWT, "CREDENTIALS_TOKEN"),
	credential(PrivateKey, "CREDENTIALS_PRIVATE_KEY"),
	credential(Password, "CREDENTIALS_PASSWORD"),
	credential(ConnectionString, "CREDENTIALS_CONNECTION_STRING"),

	{Exfiltrating, Injection, NoData, Exfiltration, "", "INJECTION", "SECURITY_DATA_EXFILTRATION", adversarial},
	attack(Jailbreak, "JAILBREAK", "SECURITY_JAILBREAK"),
	attack(PromptInjection, "INJECTION", "SECURITY_PROMPT_INJECTION"),
	{ScriptInjection, Content, NoData, UnsafeOutput, "", "", "SECURITY_SCRIPT_INJECTION", adversarial},
	{SQLInjection, Content, NoData, UnsafeOutput, "", "", "SECURITY_SQL_INJECTION", adversarial},
	{ShellInjection, Content, NoData, UnsafeOutput, "", "", "SECURITY_COMMAND_INJECTION", adversarial},
	attack(PromptExtraction, "JAILBREAK", "SECURITY_PROMPT_EXTRACTION"),
	{SystemPromptLeak, Injection, NoData, Exfiltration, "", "JAILBREAK", "SECURITY_PROMPT_EXTRACTION", adversarial},

	harmful(Violence, "VIOLENCE", "CONTENT_VIOLENCE"),
	harmful(Sexual, "SEXUAL", "CONTENT_SEXUAL"),
	harmful(SelfHarm, "VIOLENCE", "CONTENT_SELF_HARM"),
	harmful(Hate, "PROFANITY", "CONTENT_HATE_SPEECH"),
	harmful(Profanity, "PROFANITY", "CONTENT_PROFANITY"),
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

// Package redact makes placeholders for values that must not reach a provider, and finds them again in its answer.
//
// A [Vault] belongs to one exchange. Placeholders are one to one with values, keyed by the tenant's secret, so they
// cannot be forged and stay the same from turn to turn of a conversation. Only what this vault issued is ever found:
// a placeholder of another exchange, or one a user typed, is plain text.
//
// It never decides what is redacted and never keeps anything beyond its exchange. Start reading at Vault.Placeholder.
package redact

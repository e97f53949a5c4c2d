// Package detect finds personal data, secrets and attempts at injection in text: text in, findings out.
//
// Every rule is a small hand-written recogniser over a class of bytes, followed by a check (a checksum, ranges, a
// grammar), so that clean text costs one pass and no allocation. For streams a [Scanner] also says how far a text is
// settled: from where on more text could still make or lengthen a finding.
//
// It knows nothing of JSON, Envoy or policies, never says what is to be done about a finding, and never keeps or
// returns the text it read.
//
// Start reading at Scanner.Scan; families.go lists the families of rules, rule.go says how a rule is described, kind.go
// what a type is and what others call it.
package detect

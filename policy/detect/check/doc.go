// Package check knows check digits and ranges of public numbers: cards, bank accounts, national ids, vehicles, wallets.
//
// It reads digits and letters that somebody else has picked out of a text, says whether they can be such a number, and
// never looks for one.
//
// Start reading at digits.go; each function names the document that its rule is from.
package check

// Package corpus makes text to train and to measure guardrails with: attacks on language models, and ordinary prompts
// that look like them. Everything follows from a seed.
//
// The grammars of train and held share no template: what held makes is never trained on.
//
// Start reading at Grammar.
package corpus

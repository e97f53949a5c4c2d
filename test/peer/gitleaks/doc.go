// Package gitleaks holds Weir's secrets against gitleaks' rules: nothing that gitleaks finds by an exact grammar is missed.
// It times both, and Microsoft Presidio, on the same text.
//
// It is a module of its own, so that gitleaks and what it needs is never part of Weir.
package gitleaks

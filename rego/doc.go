// Package rego holds the policies that come with Weir, their tests and the schema of what they read.
//
// It never evaluates anything: package policy does. It holds no Go beyond the door to its files. Start reading at
// decision.rego, which says how policies add up to a decision and how a team adds its own.
package rego

import (
	"embed"
	"io/fs"
)

//go:embed *.rego
var files embed.FS

//go:embed .regal/config.yaml
var editor embed.FS

// Shipped is the policies that come with Weir, their tests among them, at the root of a file system.
func Shipped() fs.FS { return files }

// Regal is the configuration of OPA's language server and linter for policies of package weir: .regal/config.yaml.
func Regal() ([]byte, error) { return editor.ReadFile(".regal/config.yaml") }

// Package config reads the one YAML file that configures Weir, checks all of it, and turns it into what the other
// packages are made of.
//
// Every problem is reported at once, with file, line and column, the field, what was found and what was expected. It
// never takes a secret in plain text (only names of environment variables and files), never half-applies a file, and
// never reads the store.
//
// Start reading at Load; file.go is the file's form.
package config

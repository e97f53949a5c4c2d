// Package house tests the shape of the repository: who imports whom, what every package says of itself, how long files
// and functions are, and that names written in two places are the same name in both.
//
// It never tests what the product does; the rooms do that themselves, and test/e2e does it for the whole.
//
// Start reading at the table in imports_test.go.
package house

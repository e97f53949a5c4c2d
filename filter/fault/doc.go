// Package fault holds the closed list of what can go wrong in an exchange and the dialects that phrase it: status,
// headers, JSON body, the records that end a stream, and the answer that stands in for one that may not be shown.
//
// A dialect is one file of data: a table from canonical code to status, type, code and words, and what its envelope
// looks like. Dialects hold no state and read no clock. A row says whether the product's error page prints it; all
// other rows are phrased in that page's style.
//
// The package never decides whether a request passes, never keeps what a client sent, never prints text that a
// detector matched, and nothing outside of it phrases an error.
//
// Start reading at Fault and Dialect in fault.go, then code.go for what can happen, row.go for how a row becomes
// words, and dvara.go for a dialect.
package fault

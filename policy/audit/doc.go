// Package audit keeps the trail: one record for each exchange, whatever became of it.
//
// It never holds text of an exchange or a secret, never changes a record once it is written, and never decides what is
// worth recording: every exchange is.
//
// Start reading at Record, then Trail.Append.
package audit

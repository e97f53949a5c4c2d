// Package audit keeps the trail: one record for each exchange, whatever became of it, found again by its trace id.
//
// Start reading at Record, which says what is kept, then Trail.Append. A record is durable when Append returns; those
// that wait are committed together. Facts and decision are kept as they were, so that a decision can be explained and
// made again. A record of a later schema than this build's is read as far as it is known here.
//
// The package never holds text of an exchange or a secret, never changes a record once it is written, and never decides
// what is worth recording: every exchange is, also one whose client sent names of a size meant to keep it out.
package audit

// Package sse reads and writes event streams (WHATWG HTML, section 9.2, "Server-sent events") byte by byte: a
// [Decoder] takes the body in whatever pieces it arrives and gives back whole records as they stood on the wire.
//
// It never interprets what a record carries, never joins two records, and never changes a byte it was not asked to
// change: the records it gives and the rest it keeps add up to what went in.
//
// Start reading at Decoder.Write.
package sse

// Package eval measures how well the detectors find what they should: it makes business text whose values are known,
// scans it, and counts what was found, missed and mistaken, by type.
//
// Its templates and values are its own; it never lends them to a rule. Start reading at score.go; text.go makes the
// texts.
package eval

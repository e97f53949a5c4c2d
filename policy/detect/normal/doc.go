// Package normal reads a text as a reader or a model does: case folded, characters that look alike made one, hidden
// ones dropped or spelled out, entities, escapes, Base64, hex, ROT13, spaced and leet letters undone. Every byte of what
// it writes maps back to the bytes it came from.
//
// What it makes of a place depends on that place alone, within [Reach] bytes, so where a text is cut changes nothing
// else. It takes time linear in the text, and it never judges what it reads.
//
// Start reading at Reader.Read; chars.go is its first pass, words.go its second.
package normal

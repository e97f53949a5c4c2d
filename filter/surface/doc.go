// Package surface knows the wire formats of vendor APIs: which paths they live at, and where in their bodies text,
// model, parameters, tools, usage and endings stand. A body is read once, by a scanner that gives offsets into the
// untouched bytes; edits are spliced in by span, with the escaping that every level of JSON around them needs.
//
// It never decodes a body and writes it again, never decides what is to be done about what it reads, and never lets
// a place that holds text go unread: a string whose meaning it does not know is a segment.
//
// A new surface is one file with its fixtures: implement [Surface] and name it in [Default]. Start reading at
// surface.go, then chat.go.
package surface

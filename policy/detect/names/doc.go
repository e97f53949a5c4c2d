// Package names tags names of persons, places and organisations in text with a small trained model: linear over hashed
// words, their shapes, their neighbours and lists of names. It looks only at words that could be a name.
//
// What it says of a word depends on the six words before it and the two behind, so where a text is cut changes nothing
// else. It never keeps the text.
//
// Start reading at Tagger.Find; tokens.go says what a word is, features.go what is looked at.
package names

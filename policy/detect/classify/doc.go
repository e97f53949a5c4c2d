// Package classify scores text with a small trained model: how much a window of it reads like an attack on a language
// model. The model is linear over hashed words, word pairs and parts of words of the text in its normal form.
//
// A window begins where a sentence does, or at words picked by their own hash, so that which windows a text has depends
// on the text nearby and never on where a stream was cut. It never decides; a score is a score.
//
// Start reading at Model.Score; features.go says what is looked at, windows.go where.
package classify

// Package remote asks other processes what a text holds: a Microsoft Presidio analyzer, or a classifier behind the
// text-classification form of Hugging Face's inference servers. It is the slower tier beside the rules in process: off
// unless a tenant names a service, each question bounded in time and bytes, a service that fails left alone for a while.
//
// It never decides what a failure means, never follows a redirect, and never puts a text or an answer into an error.
//
// Start reading at Set.Ask; service.go asks, forms.go knows the words.
package remote

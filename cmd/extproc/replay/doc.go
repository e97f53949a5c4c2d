// Package replay decides recorded exchanges once more with other policies and says what would become different.
//
// It never sees a prompt: a record holds facts, and they are all that a decision is made of. It never writes to the trail
// it reads.
//
// Start reading at Run.
package replay

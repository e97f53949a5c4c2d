// Package webhook tells others of chosen events by HTTP: refusals, budgets, breakers, quarantines, policies.
//
// Start reading at Office. What a hook is to be told is written into the store first, with the place in the trail that it was
// read from, so nothing is lost when the process ends; then it is sent until it is taken, later and later, and given up in the
// end: the dead can be listed and sent again. Messages are signed as the Standard Webhooks specification says
// (standardwebhooks.com).
//
// The package never sends text of an exchange or a secret, never follows a redirect, never connects to a link-local address, and
// to a private one only where the hook says so.
package webhook

// Package admin is the operator's side of Weir over HTTP: whether it lives and is ready and why not, its metrics, and
// the trail by trace id.
//
// It never carries traffic that is governed, never changes anything, and never listens by itself: the caller binds an
// address, which should be a loopback one.
//
// Start reading at New.
package admin

// Package api asks the admin API of a running Weir what its OpenAPI document says, with Schemathesis: no answer is a server's
// error or one that the document does not have, and nothing is reached without its role.
//
// It never speaks to anything but 127.0.0.1.
package api

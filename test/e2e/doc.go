// Package e2e tests the whole product: real clients, a real Envoy, Weir as the binary assembles it, and a provider that
// does what it is told. Weir runs in the test's own process, except where it has to be killed.
//
// It never looks inside: a case sees what a client, a provider and an operator see (an answer, a request, the trail, the
// account), and never waits for a time to pass, only for a thing to happen.
//
// Start reading at stage in stage_test.go; each file of cases beside it is one theme. The cases need an Envoy (the
// variable ENVOY, envoy on PATH, or the one in .tools) and are skipped without one, unless WEIR_REQUIRE_ENVOY is set; those
// with SDKs need the Python of WEIR_PYTHON or .tools, those with Node's also what tools/setup node makes. They are skipped
// where there is neither, and fail where WEIR_REQUIRE_SDKS is set.
package e2e

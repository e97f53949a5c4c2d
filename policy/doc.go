// Package policy makes the decision about an exchange: facts in, decision out. It loads policies written in Rego,
// holds them to a strict dialect, evaluates them once an exchange, and turns what they say into a Decision. It is the
// only package that imports OPA.
//
// It never measures anything itself, never reads a clock, a network or a store while it decides, and never lets a
// request pass because a policy failed, unless the tenant's settings say so: the same program and the same facts give
// the same decision, always.
//
// Start reading at Program.Decide in program.go, then Load in load.go, then Engine in engine.go. What a policy reads is
// Facts; what it may say is described in rego/decision.rego.
package policy

// Package provider is a model provider for demonstrations and tests: OpenAI's and Anthropic's forms, deterministic, scripted
// by the name of the model. It answers from the request alone, so the same request gets the same answer.
//
// It never calls a real model, never listens by itself (the caller serves the handler), and never keeps more than the
// last requests it saw. docs/demo-provider.md lists the models. Start reading at Provider.ServeHTTP.
package provider

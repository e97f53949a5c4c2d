package bench_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"
)

// driver plays Envoy: one connection, one gRPC stream for each exchange.
type driver struct {
	client extprocv3.ExternalProcessorClient
	key    string
}

func connect(b testing.TB, s *subject, key string) *driver {
	b.Helper()
	conn, err := grpc.NewClient("unix:"+s.socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return &driver{extprocv3.NewExternalProcessorClient(conn), key}
}

// exchange is one request and its answer, in the pieces that Envoy hands over.
type exchange struct {
	request, contentType string
	answer               []string
	edited               bool // what comes back has another length
}

// atOnce is how many exchanges are under way.
const atOnce = 8

// load drives n exchanges.
func (d *driver) load(b *testing.B, n int, x exchange) {
	b.Helper()
	var wg sync.WaitGroup
	failed := make(chan error, atOnce)
	for range atOnce {
		wg.Go(func() {
			for range n / atOnce {
				if err := d.exchange(context.Background(), x); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		b.Fatal(err)
	}
}

// exchange drives one: the request's parts in step, as Envoy does with a buffered body; then the answer as it comes.
func (d *driver) exchange(ctx context.Context, x exchange) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := d.client.Process(ctx)
	if err != nil {
		return err
	}
	for _, m := range []*extprocv3.ProcessingRequest{d.headers(), body(x.request)} {
		if err := stream.Send(m); err != nil {
			return err
		}
		if r, err := stream.Recv(); err != nil || r.GetImmediateResponse() != nil {
			return fmt.Errorf("request: %w %s", err, r.GetImmediateResponse().GetBody())
		}
	}
	if err := stream.Send(answerHeaders(x.contentType)); err != nil {
		return err
	}
	for i, piece := range x.answer {
		if err := stream.Send(answerBody(piece, i == len(x.answer)-1)); err != nil {
			return err
		}
	}
	want, got := 0, 0
	for _, piece := range x.answer {
		want += len(piece)
	}
	for {
		r, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		if i := r.GetImmediateResponse(); i != nil {
			return fmt.Errorf("answer: %s", i.GetBody())
		}
		s := r.GetResponseBody().GetResponse().GetBodyMutation().GetStreamedResponse()
		got += len(s.GetBody())
		if s.GetEndOfStream() {
			break
		}
	}
	if got != want && !x.edited {
		return fmt.Errorf("%d bytes came back, want %d", got, want)
	}
	return errors.Join(stream.CloseSend())
}

func headerMap(pairs ...string) *extprocv3.HttpHeaders {
	m := &corev3.HeaderMap{}
	for i := 0; i < len(pairs); i += 2 {
		m.Headers = append(m.Headers, &corev3.HeaderValue{Key: pairs[i], RawValue: []byte(pairs[i+1])})
	}
	return &extprocv3.HttpHeaders{Headers: m}
}

// attributes are those that the generated bootstrap has Envoy send.
func attributes(pairs ...string) map[string]*structpb.Struct {
	s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for i := 0; i < len(pairs); i += 2 {
		s.Fields[pairs[i]] = structpb.NewStringValue(pairs[i+1])
	}
	return map[string]*structpb.Struct{"envoy.filters.http.ext_proc": s}
}

func (d *driver) headers() *extprocv3.ProcessingRequest {
	return &extprocv3.ProcessingRequest{
		Request: &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: headerMap(
			":method", "POST", ":path", "/v1/chat/completions", ":authority", "127.0.0.1:10000", ":scheme", "http", "accept", "application/json",
			"accept-encoding", "gzip, deflate", "user-agent", "OpenAI/Python 3.57.0", "content-type", "application/json",
			"authorization", "Bearer "+d.key, "x-stainless-lang", "python", "x-request-id", "b7d2a0c4-3b43-4f3a-9d2e-0e1c5a6f7d80",
		)},
		Attributes: attributes("source.address", "127.0.0.1:40000"),
	}
}

func body(s string) *extprocv3.ProcessingRequest {
	return &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{
		RequestBody: &extprocv3.HttpBody{Body: []byte(s), EndOfStream: true},
	}}
}

func answerHeaders(contentType string) *extprocv3.ProcessingRequest {
	return &extprocv3.ProcessingRequest{
		Request:    &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: headerMap(":status", "200", "content-type", contentType, "date", "Thu, 01 Jan 2026 00:00:00 GMT")},
		Attributes: attributes("response.code_details", "via_upstream"),
	}
}

func answerBody(s string, end bool) *extprocv3.ProcessingRequest {
	return &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseBody{
		ResponseBody: &extprocv3.HttpBody{Body: []byte(s), EndOfStream: end},
	}}
}

// prose is text without anything to find, a word at a time.
var prose = strings.SplitAfter(strings.Repeat("The weir holds the river back where the mill needs it, and lets the rest run on over the stones. ", 24), " ")

// chat is a request of 4 messages and about 2 KB.
func chat(more string) string {
	var b strings.Builder
	b.WriteString(`{"model":"echo"` + more + `,"messages":[{"role":"system","content":"You answer briefly."}`)
	for i := range 3 {
		fmt.Fprintf(&b, `,{"role":%q,"content":%q}`, []string{"user", "assistant", "user"}[i], strings.TrimSpace(strings.Join(prose[i*20:i*20+120], "")))
	}
	b.WriteString(`]}`)
	return b.String()
}

// whole is a JSON exchange with an answer of 1 KB.
func whole() exchange {
	return exchange{request: chat(""), contentType: "application/json", answer: []string{fmt.Sprintf(
		`{"id":"chatcmpl-1","object":"chat.completion","created":1767225600,"model":"echo","choices":[{"index":0,"message":{"role":"assistant","content":%q,"refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":420,"completion_tokens":180,"total_tokens":600}}`,
		strings.Join(prose[:180], "")), ""}}
}

// streamed is an exchange whose answer has so many events with a word each, of about 260 bytes, each in a piece of its own.
func streamed(events int) exchange {
	x := exchange{request: chat(`,"stream":true,"stream_options":{"include_usage":true}`), contentType: "text/event-stream"}
	for i := range events {
		x.answer = append(x.answer, fmt.Sprintf(
			`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"echo","service_tier":"default","system_fingerprint":"fp_0123456789abcdef","choices":[{"index":0,"delta":{"content":%q},"logprobs":null,"finish_reason":null}],"usage":null}`+"\n\n", prose[i]))
	}
	return exchange{request: x.request, contentType: x.contentType, answer: append(x.answer,
		`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"echo","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\n",
		`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1767225600,"model":"echo","choices":[],"usage":{"prompt_tokens":420,"completion_tokens":180,"total_tokens":600}}`+"\n\n",
		"data: [DONE]\n\n", "")}
}

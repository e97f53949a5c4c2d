package envoy_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"

	"weir/envoy"
)

// installed finds the Envoy tests run on. Without one they are skipped, unless WEIR_REQUIRE_ENVOY is set.
func installed(t testing.TB) envoy.Binary {
	t.Helper()
	look := func(name string) (string, error) {
		if name == envoy.ToolsPath {
			name = filepath.Join("..", name)
		}
		return exec.LookPath(name)
	}
	b, err := envoy.Find(t.Context(), os.Getenv, look)
	if err != nil {
		if os.Getenv("ENVOY") == "" && os.Getenv("WEIR_REQUIRE_ENVOY") == "" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	return b
}

// stage is a running Envoy between a client, a stand-in for Weir and a provider.
type stage struct {
	t        testing.TB
	pid      int // of Envoy
	minor    int
	secrets  string
	addr     string // where clients connect
	weir     *standIn
	grpc     *grpc.Server
	provider *httptest.Server
	tls      *httptest.Server // the same provider over TLS, certified for 127.0.0.1 and not for localhost

	mocks [3]*mock

	mu   sync.Mutex
	seen []*http.Request // what the provider got
}

const bodyBytes = 200_000

// raise starts everything on ports the kernel chooses and waits until Envoy is ready.
func raise(t testing.TB, alter ...func(*bootstrapv3.Bootstrap)) *stage {
	b := installed(t)
	s := &stage{t: t, minor: b.Minor, weir: &standIn{}, secrets: filepath.Join(t.TempDir(), "secrets")}
	s.provider = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.provider.Close)
	s.tls = httptest.NewTLSServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.tls.Close)
	for i := range s.mocks {
		s.mocks[i] = newMock(t)
	}
	authority := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.tls.Certificate().Raw})
	if err := os.WriteFile(authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	weir := s.listen()
	if err := envoy.WriteSecrets(s.secrets, []envoy.Secret{
		{Provider: "a", Value: "sk-first"}, {Provider: "one", Value: "sk-one"}, {Provider: "two", Value: "sk-two"},
	}); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(t.TempDir(), "aws")
	if err := os.WriteFile(keys, []byte("[weir]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret-of-aws\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dead := httptest.NewServer(nil)
	dead.Close()
	admin := filepath.Join(short(t), "admin.sock")
	boot, err := envoy.Bootstrap(envoy.Options{
		Minor: b.Minor, Listen: "127.0.0.1:0", Admin: "unix:" + admin, Weir: weir, BodyBytes: bodyBytes, CAFile: authority,
		Providers: []envoy.Upstream{
			{Name: "a", BaseURL: s.provider.URL, SecretFile: envoy.SecretFile(s.secrets, "a")},
			{Name: "b", BaseURL: s.provider.URL + "/prefix", SecretEnv: "PROVIDER_B"},
			{Name: "open", BaseURL: s.provider.URL},
			{Name: "dead", BaseURL: dead.URL},
			{Name: "tls", BaseURL: s.tls.URL},
			{Name: "other-name", BaseURL: strings.Replace(s.tls.URL, "127.0.0.1", "localhost", 1)},
			{Name: "by-name", BaseURL: strings.Replace(s.provider.URL, "127.0.0.1", "localhost", 1)},
			{Name: "one", BaseURL: s.mocks[0].URL, SecretFile: envoy.SecretFile(s.secrets, "one")},
			{Name: "two", BaseURL: s.mocks[1].URL, SecretFile: envoy.SecretFile(s.secrets, "two")},
			{Name: "three", BaseURL: s.mocks[2].URL, SecretEnv: "PROVIDER_THREE"},
			{Name: "signed", BaseURL: s.provider.URL, AWS: &envoy.AWS{Service: "bedrock", Region: "eu-central-1", File: keys, Profile: "weir"}},
		},
		Orders:   [][]string{{"one", "two", "three"}, {"two", "one"}, {"dead", "two"}, {"tls", "two"}, {"by-name", "two"}},
		Timeouts: envoy.Timeouts{Attempt: 700 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range alter {
		f(boot)
	}
	s.run(b, boot2file(t, boot), admin)
	return s
}

func (s *stage) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	s.seen = append(s.seen, r)
	s.mu.Unlock()
	w.Header().Set("X-Weir-Unresolved", "7")
	w.Header().Set("Set-Cookie", "a=b")
	w.Header().Set("Alt-Svc", `h3=":443"`)
	w.Header().Set("X-Own", "kept")
	_, _ = fmt.Fprintf(w, "%d bytes", len(body))
}

// last returns what the provider got since the last call.
func (s *stage) last() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.seen
	s.seen = nil
	return got
}

// listen starts the stand-in on a Unix socket.
func (s *stage) listen() string {
	path := filepath.Join(short(s.t), "weir.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.grpc = grpc.NewServer()
	extprocv3.RegisterExternalProcessorServer(s.grpc, s.weir)
	go func() { _ = s.grpc.Serve(l) }()
	s.t.Cleanup(s.grpc.Stop)
	return "unix:" + path
}

// short is a directory whose name leaves room for a socket's.
func short(t testing.TB) string {
	dir, err := os.MkdirTemp("", "w")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// run starts Envoy, and shows its log where the test fails.
func (s *stage) run(b envoy.Binary, config, admin string) {
	ctx, stop := context.WithCancel(context.Background())
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, b.Path, append(envoy.Args(config, envoy.Options{Concurrency: 1}), "-l", "warning")...)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Env = append(os.Environ(), "PROVIDER_B=sk-b", "PROVIDER_THREE=sk-three")
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.pid = cmd.Process.Pid
	s.t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
		if s.t.Failed() {
			s.t.Logf("Envoy %s:\n%s", b.Full, log.String())
		}
	})
	s.addr = s.ready(admin)
}

// ready asks the admin page until Envoy listens, and returns where.
func (s *stage) ready(admin string) string {
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", admin)
	}}}
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); time.Now().Before(deadline); <-tick.C {
		if r, err := client.Get("http://admin/ready"); err != nil || r.StatusCode != 200 {
			continue
		}
		r, err := client.Get("http://admin/listeners?format=json")
		if err != nil {
			continue
		}
		var list struct {
			S []struct {
				A struct {
					S struct {
						Port int `json:"port_value"`
					} `json:"socket_address"`
				} `json:"local_address"`
			} `json:"listener_statuses"`
		}
		err = json.NewDecoder(r.Body).Decode(&list)
		_ = r.Body.Close()
		if err == nil && len(list.S) == 1 {
			return fmt.Sprintf("127.0.0.1:%d", list.S[0].A.S.Port)
		}
	}
	s.t.Fatal("Envoy was not ready in 20 s")
	return ""
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
}

// post sends a body with headers given as name, value, name, value.
func (s *stage) post(c *http.Client, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, "http://"+s.addr+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header[headers[i]] = append(r.Header[headers[i]], headers[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// raw sends bytes that no HTTP client would.
func (s *stage) raw(text string) answer {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, text); err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(body)}
}

// standIn speaks ext_proc as Weir does, as far as the configuration is concerned. The client's x-test says what it
// does with the request.
type standIn struct {
	extprocv3.UnimplementedExternalProcessorServer
	mu    sync.Mutex
	first *extprocv3.ProcessingRequest // the first message of the last exchange
	tried *structpb.Struct             // what became of the attempts of the last exchange
	reply map[string]string            // the attributes of the last answer
}

func (w *standIn) Process(stream extprocv3.ExternalProcessor_ProcessServer) error {
	do := ""
	for {
		in, err := stream.Recv()
		if err != nil {
			return err
		}
		if h := in.GetRequestHeaders(); h != nil {
			do = find(h, "x-test")
			w.mu.Lock()
			w.first = in
			w.mu.Unlock()
		}
		if h := in.GetResponseHeaders(); h != nil {
			w.keep(in)
		}
		out, err := respond(do, in)
		if err != nil {
			return err
		}
		if err := stream.Send(out); err != nil {
			return err
		}
	}
}

func (w *standIn) keep(in *extprocv3.ProcessingRequest) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reply, w.tried = map[string]string{}, in.GetMetadataContext().GetFilterMetadata()[envoy.AttemptsNamespace]
	for _, s := range in.GetAttributes() {
		for k, v := range s.GetFields() {
			w.reply[k] = v.GetStringValue()
		}
	}
}

func find(h *extprocv3.HttpHeaders, name string) string {
	for _, v := range h.GetHeaders().GetHeaders() {
		if v.GetKey() == name {
			return string(v.GetRawValue())
		}
	}
	return ""
}

func respond(do string, in *extprocv3.ProcessingRequest) (*extprocv3.ProcessingResponse, error) {
	switch in.GetRequest().(type) {
	case *extprocv3.ProcessingRequest_RequestHeaders:
		if do == "refuse" {
			return refusal(), nil
		}
		return admitted(do), nil
	case *extprocv3.ProcessingRequest_RequestBody:
		if do == "die" {
			return nil, errors.New("a failure of the stand-in")
		}
		return routed(do, len(in.GetRequestBody().GetBody())), nil
	case *extprocv3.ProcessingRequest_ResponseHeaders:
		return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseHeaders{ResponseHeaders: &extprocv3.HeadersResponse{}}}, nil
	case *extprocv3.ProcessingRequest_ResponseBody:
		b := in.GetResponseBody()
		return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseBody{ResponseBody: &extprocv3.BodyResponse{
			Response: &extprocv3.CommonResponse{BodyMutation: &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_StreamedResponse{
				StreamedResponse: &extprocv3.StreamedBodyResponse{Body: b.GetBody(), EndOfStream: b.GetEndOfStream()},
			}}},
		}}}, nil
	default:
		return nil, fmt.Errorf("unexpected %T", in.GetRequest())
	}
}

// refusal is an answer of Weir's own that no mapper may touch.
func refusal() *extprocv3.ProcessingResponse {
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ImmediateResponse{ImmediateResponse: &extprocv3.ImmediateResponse{
		Status: &typev3.HttpStatus{Code: 503}, Body: []byte(`{"own":"words"}`), Details: envoy.DetailsPrefix + "policy_denied",
		Headers: &extprocv3.HeaderMutation{SetHeaders: []*corev3.HeaderValueOption{set("content-type", "application/json")}},
	}}}
}

// admitted answers the headers and leaves bodies for Envoy's own failures.
func admitted(do string) *extprocv3.ProcessingResponse {
	r := &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestHeaders{RequestHeaders: &extprocv3.HeadersResponse{
		Response: &extprocv3.CommonResponse{HeaderMutation: &extprocv3.HeaderMutation{
			SetHeaders: []*corev3.HeaderValueOption{set("x-request-id", "trace-of-weir")},
		}},
	}}}
	if strings.HasPrefix(do, "bare") {
		return r
	}
	fields := map[string]*structpb.Value{"retry_after": structpb.NewStringValue("9")}
	for _, status := range []string{"413", "500", "502", "503", "504"} {
		fields["f"+status] = structpb.NewStringValue(`{"prepared":"` + status + ` \"%&"}`)
	}
	r.DynamicMetadata = &structpb.Struct{Fields: map[string]*structpb.Value{
		envoy.MetadataNamespace: structpb.NewStructValue(&structpb.Struct{Fields: fields}),
	}}
	return r
}

// routed sends the request to the provider that x-test names.
func routed(do string, length int) *extprocv3.ProcessingResponse {
	c := &extprocv3.CommonResponse{ClearRouteCache: true, HeaderMutation: &extprocv3.HeaderMutation{
		SetHeaders: []*corev3.HeaderValueOption{set("x-weir-other", "inside"), set(":path", "/else/where")},
	}}
	if name, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(do, "bare "), "nothing "), "to "); ok {
		c.HeaderMutation.SetHeaders = append(c.HeaderMutation.SetHeaders, set(envoy.RouteHeader, envoy.RoutePrefix+name))
	}
	return &extprocv3.ProcessingResponse{
		Response:        &extprocv3.ProcessingResponse_RequestBody{RequestBody: &extprocv3.BodyResponse{Response: c}},
		DynamicMetadata: left(do, length),
	}
}

func set(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{Header: &corev3.HeaderValue{Key: name, RawValue: []byte(value)}}
}

package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sony/gobreaker/v2"

	"weir/policy/detect"
)

// Kind is how a service is spoken to.
type Kind string

// The kinds.
const (
	// Presidio is the analyzer's POST /analyze: microsoft.github.io/presidio/api-docs.
	Presidio Kind = "presidio"
	// Classifier is {"inputs": text} answered by [{"label", "score"}], as text-embeddings-inference's /predict and the
	// inference API's text-classification task have it.
	Classifier Kind = "classifier"
)

// Kinds lists the kinds.
func Kinds() []string { return []string{string(Classifier), string(Presidio)} }

// Config is a service.
type Config struct {
	Name      string
	Kind      Kind
	URL       string
	Token     string                 // sent as a bearer token; empty: none
	Timeout   time.Duration          // for all texts of an exchange together
	Bytes     int                    // of one question; a longer text is asked about in pieces
	Threshold float64                // findings that score less are dropped, 0..1
	Language  string                 // Presidio's language
	Entities  []string               // Presidio's entities to look for; empty: all it knows
	Labels    map[string]detect.Type // what an entity or a label means; those that are not in it mean nothing
	Roles     []string               // whose texts are asked about; empty: all
}

// The defaults of what a configuration leaves out.
const (
	DefaultTimeout   = time.Second
	DefaultBytes     = 16 << 10
	DefaultThreshold = 0.5
	DefaultLanguage  = "en"
)

// The bounds of a service that fails or lies.
const (
	breakAfter = 5                // failures in a row until it is left alone
	breakFor   = 10 * time.Second // for how long; then one question tries it
	maxAnswer  = 1 << 20          // bytes of an answer
)

// errLeftAlone is a question that was not asked, since the service failed too often just before.
var errLeftAlone = errors.New("it has failed and is left alone for a moment")

// service is one process that is asked.
type service struct {
	config  Config
	client  *http.Client
	breaker *gobreaker.CircuitBreaker[[]detect.Finding]
}

func newService(c Config) (*service, error) {
	if !slices.Contains(Kinds(), string(c.Kind)) {
		return nil, fmt.Errorf("found the kind %q, want one of %s", c.Kind, strings.Join(Kinds(), ", "))
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy, transport.MaxIdleConnsPerHost = nil, atOnce*4
	return &service{
		config: c,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		breaker: gobreaker.NewCircuitBreaker[[]detect.Finding](gobreaker.Settings{
			Name: c.Name, Timeout: breakFor,
			ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breakAfter },
			IsExcluded:  func(err error) bool { return errors.Is(err, context.Canceled) }, // the caller left
		}),
	}, nil
}

// find asks about one text.
func (s *service) find(ctx context.Context, text string) ([]detect.Finding, error) {
	found, err := s.breaker.Execute(func() ([]detect.Finding, error) {
		if s.config.Kind == Presidio {
			return s.analyze(ctx, text)
		}
		return s.classify(ctx, text)
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return nil, errLeftAlone
	}
	return found, err
}

// post sends a question and reads the answer into out. Its errors name what went wrong, never the words.
func (s *service) post(ctx context.Context, question, out any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return errors.New("encoding the question")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.config.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("its URL cannot be asked")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	if s.config.Token != "" {
		r.Header.Set("Authorization", "Bearer "+s.config.Token)
	}
	a, err := s.client.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("waiting for its answer: %w", ctx.Err())
		}
		return errors.New("it cannot be reached")
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %d", a.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(a.Body, maxAnswer+1))
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("waiting for its answer: %w", ctx.Err())
	case err != nil:
		return errors.New("its answer broke off")
	case len(raw) > maxAnswer:
		return fmt.Errorf("its answer has more than %d bytes", maxAnswer)
	case json.Unmarshal(raw, out) != nil:
		return errors.New("its answer is not of the form expected")
	}
	return nil
}

// finding is what a label with a score means, if anything.
func (s *service) finding(label string, score float64, start, end int) (detect.Finding, bool) {
	typ, known := s.config.Labels[label]
	if !known || !(score >= s.config.Threshold) || start >= end {
		return detect.Finding{}, false
	}
	f := detect.Finding{
		Type: typ, Category: detect.CategoryOf(typ), Severity: detect.Medium, Score: min(score, 1),
		Start: start, End: end, Rule: detect.RemoteRule + s.config.Name,
	}
	if f.Category == detect.Injection || f.Category == detect.Secret {
		f.Severity = detect.High
	}
	return f, true
}

// pieceEnd is where a piece of at most most bytes ends: at a blank if one is near, else on a rune's border.
func pieceEnd(text string, most int) int {
	if len(text) <= most {
		return len(text)
	}
	if at := strings.LastIndexAny(text[most/2:most], " \t\r\n"); at >= 0 {
		return most/2 + at + 1
	}
	end := most
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	if end == 0 { // no text at all
		return most
	}
	return end
}

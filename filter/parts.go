package filter

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"weir/filter/canary"
	"weir/filter/fault"
	"weir/filter/surface"
	"weir/policy"
	"weir/policy/audit"
	"weir/policy/detect"
	"weir/policy/ledger"
	"weir/policy/provider"
	"weir/policy/tenant"
)

// Parts are what a Server is made of. Every field is required unless it says otherwise.
type Parts struct {
	// Snapshot returns the configuration in force. An exchange calls it once and keeps what it got.
	Snapshot func() *Snapshot
	Ledger   Ledger
	Trail    Trail
	Log      *slog.Logger
	Metrics  prometheus.Registerer
	Clock    func() time.Time
	// NewID makes ids of exchanges and traces: 32 lower-case hex characters, never the same twice.
	NewID func() string
	// Quarantine keeps an actor out, when a policy says so. Optional: without it the trail says that nobody was.
	Quarantine func(context.Context, tenant.Quarantine) error
	// Breakers leave providers alone that fail. Optional: without them none is.
	Breakers Breakers
	// Vault opens tenants' own credentials. Optional: without one those that the store keeps cannot be used.
	Vault Vault
	// Canary is the secret that whoever asks whether a route is governed must hold. Optional: without one nobody is told.
	Canary canary.Key
	// Health says whether the store answers, for the probe that clients may ask through Envoy. Optional: nil is always up.
	Health func(context.Context) error
}

// Vault opens what was sealed for one tenant and provider.
type Vault interface {
	Open(tenant, provider, sealed string) (string, error)
}

// Ledger is the account of use. Every exchange that got a grant ends in exactly one Settle or Release.
type Ledger interface {
	Hold(ctx context.Context, h ledger.Hold) (ledger.Grant, error)
	// HoldLocally takes a hold from what the tenant may use while the store does not answer.
	HoldLocally(ctx context.Context, h ledger.Hold, bound ledger.LocalLease) (ledger.Grant, error)
	Settle(ctx context.Context, u ledger.Use) (ledger.Settled, error)
	Release(ctx context.Context, tenant, exchange string) error
}

// Trail takes the record of an exchange that is over. It is called once an exchange, in a context of its own.
type Trail interface {
	Append(ctx context.Context, r audit.Record) error
}

// Snapshot is everything an exchange is governed by, fixed at its start.
type Snapshot struct {
	Tenants   *tenant.Snapshot
	Catalogue *provider.Catalogue
	Policy    *policy.Program
	Scanner   *detect.Scanner
	Surfaces  *surface.Table
	Dialects  *fault.Set
	Dialect   string // the default, while no tenant, host or credential says otherwise
	Hosts     []Host
	Identity  Identity
	Limits    Limits

	// Candidate decides beside Policy once an exchange is over; what it would have decided otherwise is counted. Optional.
	Candidate *policy.Program

	Mesh *Mesh // nil: Weir routes to providers of its own

	Services Services // the slower detectors in other processes; nil: there are none

	Authz *Authz // nil: ext_authz is answered with Weir's own decision

	PolicyHeaders []string // lower-case names of the request headers that policies see
}

// Host chooses a dialect while no tenant is known. The first match wins.
type Host struct {
	Name    string // exact host name without port, or "*"
	Prefix  string // path prefix; empty: any
	Dialect string
	// Keyless is the tenant that traffic without a key belongs to; empty: a key is required.
	Keyless string
}

// Limits are the named bounds of an exchange.
type Limits struct {
	BodyBytes       int64         // largest request body; default 32 MiB
	AnswerBytes     int64         // largest JSON answer that is held; default 16 MiB
	HeldBytes       int64         // most text of one stream channel that waits for a decision; default 64 KiB
	HeldFor         time.Duration // longest that text of a stream channel waits without any of it leaving; default 1 min
	HeldThen        HeldRule      // what becomes of text past HeldBytes or HeldFor; default HeldCut
	HeldBroken      HeldRule      // what becomes of text held when the provider breaks off: HeldRelease or HeldDrop; default HeldRelease
	EventBytes      int64         // largest single event of a stream; default 1 MiB
	FirstEvent      time.Duration // longest wait for the first event of a stream, or for a whole JSON answer; default 5 min
	BetweenEvents   time.Duration // longest wait for the next event of a stream; default 5 min
	WholeAnswer     time.Duration // longest that an answer may take to its end; default 1 h
	Decision        time.Duration // deadline of one policy decision; default 50 ms
	Store           time.Duration // deadline of one store round trip; default 2 s
	Close           time.Duration // deadline of settling and recording an exchange; default 5 s
	ConcurrentTotal int64         // exchanges at once on this server; default 10,000
	InFlightBytes   int64         // bodies, answers, events and held text in memory over all exchanges; default 1 GiB
}

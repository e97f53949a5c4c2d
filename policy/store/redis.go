package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisOptions say which Redis or Valkey it is, and how long it may take.
type RedisOptions struct {
	// Addresses are host:port: one server, the nodes of a cluster, or the Sentinels where Master is set.
	Addresses []string
	// Master is the name Sentinels know the master by; empty without Sentinels.
	Master string
	// Cluster says that it is a cluster, also where only one of its nodes is named.
	Cluster bool
	// Username and Password are those of the server; SentinelUsername and SentinelPassword of the Sentinels.
	Username, Password, SentinelUsername, SentinelPassword string
	// TLS is how the server is reached; nil is without.
	TLS *tls.Config
	// Prefix starts every key; "weir" where nothing is said.
	Prefix string
	// Timeout bounds one round trip, within the caller's own deadline; DefaultTimeout where nothing is said.
	Timeout time.Duration
	// Connections bounds how many are open to one node; DefaultConnections where nothing is said.
	Connections int
	// Log is told when the server fails and when it answers again; nil is nobody.
	Log *slog.Logger
}

// The defaults of RedisOptions.
const (
	DefaultPrefix      = "weir"
	DefaultTimeout     = 500 * time.Millisecond
	DefaultConnections = 64
	// attempts is how often one question is asked where connections break, as they all do when a server restarts.
	attempts = 3
)

// Redis is a connection to a Redis 6.2 or newer, or a Valkey: a single server, one that Sentinels watch, or a cluster. It
// is safe for concurrent use. OpenRedis makes one.
type Redis struct {
	client   redis.UniversalClient
	prefix   string
	timeout  time.Duration
	guard    *guard
	verified atomic.Bool
}

// OpenRedis prepares a connection. It does not wait for the server: one that is down now is asked again when it is
// needed.
func OpenRedis(o RedisOptions) (*Redis, error) {
	if len(o.Addresses) == 0 {
		return nil, errors.New("opening Redis: no address is given")
	}
	for _, a := range o.Addresses {
		if _, port, err := net.SplitHostPort(a); err != nil || port == "" {
			return nil, fmt.Errorf("opening Redis: the address %q is not host:port", a)
		}
	}
	if o.Master != "" && o.Cluster {
		return nil, errors.New("opening Redis: a cluster has no Sentinels")
	}
	r := &Redis{prefix: o.Prefix, timeout: o.Timeout}
	if r.prefix == "" {
		r.prefix = DefaultPrefix
	}
	if strings.ContainsAny(r.prefix, "{}") {
		return nil, fmt.Errorf("opening Redis: the prefix %q has a brace, which would choose a slot", r.prefix)
	}
	if r.timeout <= 0 {
		r.timeout = DefaultTimeout
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r.guard = newGuard("redis", log)
	redis.SetLogger(silent{}) // it has a line for every connection that fails; the guard has one for all
	r.client = redis.NewUniversalClient(o.universal(r.timeout))
	return r, nil
}

// silent drops what go-redis says on its own.
type silent struct{}

// Printf implements its logger.
func (silent) Printf(context.Context, string, ...any) {}

// universal leaves repeating to ask, which must know whether a question may have been heard.
func (o *RedisOptions) universal(timeout time.Duration) *redis.UniversalOptions {
	n := o.Connections
	if n <= 0 {
		n = DefaultConnections
	}
	return &redis.UniversalOptions{
		Addrs: o.Addresses, MasterName: o.Master, IsClusterMode: o.Cluster, Protocol: 2,
		Username: o.Username, Password: o.Password, SentinelUsername: o.SentinelUsername, SentinelPassword: o.SentinelPassword,
		TLSConfig: o.TLS, PoolSize: n, MaxRetries: -1, ContextTimeoutEnabled: true,
		DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout, PoolTimeout: timeout,
		DisableIdentity: true, DialerRetries: 1,
	}
}

// Key is the name of a key. All keys of one tag live in one slot of a cluster, so that one script can reach them.
func (r *Redis) Key(tag string, parts ...string) string {
	return r.prefix + ":{" + braces.Replace(tag) + "}:" + strings.Join(parts, ":")
}

// braces keeps a tag from ending early: a brace in it would choose another slot.
var braces = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D")

// Do asks the server, within the time one round trip may take. ErrDown means that nothing was asked, since the server
// failed several times just now. ErrUncertain means that a change may or may not have been made. Where a connection
// breaks the question is asked again, so ask must be a change that can be made twice.
func (r *Redis) Do(ctx context.Context, ask func(ctx context.Context, c redis.UniversalClient) error) error {
	return r.guard.do(func() error {
		bounded, cancel := context.WithTimeout(ctx, r.timeout)
		defer cancel()
		if err := r.verify(bounded); err != nil {
			return err
		}
		return r.ask(ctx, bounded, ask)
	})
}

// ask repeats a question whose connection broke. Once it may have been heard, the end stays uncertain.
func (r *Redis) ask(ctx, bounded context.Context, ask func(context.Context, redis.UniversalClient) error) error {
	heard := false
	for try := 1; ; try++ {
		err := ask(bounded, r.client)
		kind := judge(err)
		if kind == fine || kind == answered {
			return err
		}
		heard = heard || kind == lost
		if kind == lost || kind == unsent {
			if try < attempts && bounded.Err() == nil && !timedOut(err) {
				continue
			}
		}
		if heard {
			err = fmt.Errorf("%w: %w", ErrUncertain, err)
		}
		if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
			return fmt.Errorf("asking Redis: %w: %w", err, context.Canceled) // the caller left
		}
		return outage(err)
	}
}

// The kinds of what comes back.
type kind int

const (
	fine     kind = iota
	answered      // the server refused the question itself
	unable        // the server says that it cannot do anything now
	unsent        // the question did not reach it
	lost          // nobody knows
)

// judge tells what an error means for the server and for the question.
func judge(err error) kind {
	var reply redis.Error
	var dial *net.OpError
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		return fine
	case errors.As(err, &reply):
		for _, p := range [...]string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "MISCONF", "NOREPLICAS", "BUSY ", "NOAUTH", "WRONGPASS"} {
			if strings.HasPrefix(reply.Error(), p) {
				return unable
			}
		}
		return answered
	case errors.As(err, &dial) && dial.Op == "dial", errors.Is(err, redis.ErrClosed), errors.Is(err, redis.ErrPoolTimeout):
		return unsent
	case errors.Is(err, ErrEvicts):
		return unable
	}
	return lost
}

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// verify makes sure once that the server drops nothing on its own: a cap that was evicted would be no cap.
func (r *Redis) verify(ctx context.Context) error {
	if r.verified.Load() {
		return nil
	}
	info, err := r.client.Info(ctx, "memory").Result()
	if err != nil {
		return outage(fmt.Errorf("asking Redis for its memory policy: %w", err))
	}
	for line := range strings.Lines(info) {
		if policy, ok := strings.CutPrefix(strings.TrimSpace(line), "maxmemory_policy:"); ok && policy != "noeviction" {
			return outage(fmt.Errorf("%w: its maxmemory-policy is %s, it must be noeviction", ErrEvicts, policy))
		}
	}
	r.verified.Store(true)
	return nil
}

// Ping says whether the server answers.
func (r *Redis) Ping(ctx context.Context) error {
	return r.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error { return c.Ping(ctx).Err() })
}

// Down says whether the server is being left alone because it failed several times just now.
func (r *Redis) Down() bool { return r.guard.open() }

// Breaker is the state of the server's breaker, one of BreakerStates.
func (r *Redis) Breaker() string { return r.guard.state() }

// Bump says to everybody who watches a topic that it changed.
func (r *Redis) Bump(ctx context.Context, topic string) error {
	return r.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return c.Incr(ctx, r.Key(topic, "revision")).Err()
	})
}

// Revision is a number that changes when a topic does. It is one cheap read, to be made several times a second: unlike
// a message it cannot be missed while a connection is down.
func (r *Redis) Revision(ctx context.Context, topic string) (n int64, err error) {
	err = r.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		n, err = c.Get(ctx, r.Key(topic, "revision")).Int64()
		if errors.Is(err, redis.Nil) {
			n, err = 0, nil
		}
		return err
	})
	return n, err
}

// Close gives the connections back.
func (r *Redis) Close() error {
	if err := r.client.Close(); err != nil {
		return fmt.Errorf("closing Redis: %w", err)
	}
	return nil
}

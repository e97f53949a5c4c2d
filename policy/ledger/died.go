package ledger

import (
	"context"
	"strings"
	"time"
)

// Died is an exchange that ended with its process. It is settled: its whole hold was charged.
type Died struct {
	Exchange string // as the store knows it; see ID
	Tenant   string
	At       time.Time // when it was held
	Amount   int64     // micro-USD that were charged
	Note     string    // of its Hold
}

// ID is the exchange's own id, also where it was on a local lease.
func (d *Died) ID() string { return strings.TrimSuffix(d.Exchange, leasedID) }

// teller is told of exchanges that died. What it does not take is told again.
type teller = func(ctx context.Context, list []Died) error

package ledger

import "time"

// Use is what an exchange really used.
type Use struct {
	Exchange     string
	Tenant       string
	At           time.Time
	Cost         int64 // micro-USD the provider charges
	Billed       int64 // micro-USD the tenant is charged
	InputTokens  int64
	OutputTokens int64
	Estimated    bool // no usage came from the provider
}

// Settled says what a settle did. Overrun is what was billed beyond the hold, micro-USD.
type Settled struct {
	First   bool // false: this exchange was settled or released before; nothing changed
	Overrun int64

	untold bool // it ended with its process, and nobody was told of it in time
}

// outcome is how a hold ended.
type outcome string

const (
	settled   outcome = "settled"
	released  outcome = "released"
	recovered outcome = "recovered" // by rule: charged in full
)

// ending is the end of one exchange.
type ending struct {
	exchange, tenant string
	outcome          outcome
	use              Use    // where the outcome is settled
	mark             string // tells this end from another of the same exchange
	early            bool   // the hold may arrive later than its end
	crashed          bool   // the process that held it died: its note is kept until it is told
}

// charge is what an ending books.
type charge struct {
	within, overrun, cost int64 // micro-USD
	tokens                int64 // really used
	at                    int64 // unix milliseconds: when tokens beyond the reservation count from
	counts                bool  // the exchange counts in quotas
	estimated             bool
}

// charge is what an ending comes to, of a hold of an amount and a number of tokens.
func (e *ending) charge(amount, tokens, now int64) charge {
	switch e.outcome {
	case settled:
		within := min(e.use.Billed, amount)
		return charge{
			within: within, overrun: e.use.Billed - within, cost: e.use.Cost, counts: true,
			tokens: e.use.InputTokens + e.use.OutputTokens, at: e.use.At.UnixMilli(), estimated: e.use.Estimated,
		}
	case recovered:
		return charge{within: amount, cost: amount, tokens: tokens, at: now, counts: true, estimated: true}
	default:
		return charge{at: now}
	}
}

// of is what a charge books in one line. free is what the hold took of free credit.
func (c charge) of(kind string, held, free int64) (within, overrun, cost int64) {
	switch kind {
	case lineFree:
		return min(c.within, held), 0, 0
	case lineSpared:
		return c.within - min(c.within, free), c.overrun, c.cost
	case lineMoney:
		return c.within, c.overrun, c.cost
	case lineCount:
		if c.counts {
			return 1, 0, 0
		}
	}
	return 0, 0, 0
}

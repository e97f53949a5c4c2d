package audit

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Appender takes records.
type Appender interface {
	Append(ctx context.Context, r Record) error
}

// The defaults and the bounds of a Crowd.
const (
	DefaultEach   = 100
	DefaultAll    = 1000
	maxCrowds     = 10_000
	crowdInterval = time.Minute
)

// Crowd keeps callers without a key that may be used from filling the disk. In each minute the first such exchanges of each
// address, and the first of all, are records of their own; those that come after them share one record for each address and code,
// which is written when the minute is over, with the first one's trace id. A process that is killed loses the counts of its minute.
// A Crowd is safe for concurrent use.
type Crowd struct {
	to        Appender
	each, all int
	clock     func() time.Time
	grouped   func() // is told of every exchange that gets no record of its own

	mu     sync.Mutex
	minute time.Time
	own    int // records of their own in this minute
	by     map[string]int
	groups map[crowd]*Record
}

type crowd struct{ client, code string }

// NewCrowd puts a Crowd in front of a trail. each and all are how many have records of their own in a minute, of each address and of
// all together; 0 is the default. grouped is told of each that has none.
func NewCrowd(to Appender, each, all int, clock func() time.Time, grouped func()) *Crowd {
	c := &Crowd{to: to, each: each, all: all, clock: clock, grouped: grouped, by: map[string]int{}, groups: map[crowd]*Record{}}
	if c.each <= 0 {
		c.each = DefaultEach
	}
	if c.all <= 0 {
		c.all = DefaultAll
	}
	return c
}

// Append writes a record, or counts it in one that it shares.
func (c *Crowd) Append(ctx context.Context, r Record) error {
	if !r.Unidentified || r.Code == "" || !c.joins(&r) {
		return c.to.Append(ctx, r)
	}
	return nil
}

// joins says whether a record is one of a crowd, and counts it there.
func (c *Crowd) joins(r *Record) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.clock().Truncate(crowdInterval); !now.Equal(c.minute) {
		c.minute, c.own = now, 0
		clear(c.by)
	}
	client := r.Client
	if _, known := c.by[client]; !known && len(c.by) >= maxCrowds {
		client = ""
	}
	if c.by[client]++; c.by[client] <= c.each && c.own < c.all {
		c.own++
		return false
	}
	c.grouped()
	k := crowd{client, r.Code}
	if _, known := c.groups[k]; !known && len(c.groups) >= maxCrowds {
		k.client = ""
	}
	g, ok := c.groups[k]
	if !ok {
		first := *r
		first.Client, first.Facts, first.Decision = k.client, nil, nil
		g = &first
		c.groups[k] = g
	}
	g.Count, g.Until = g.Count+1, r.Time
	return true
}

// Run writes the shared records of each minute, until ctx ends; then Flush writes the last ones.
func (c *Crowd) Run(ctx context.Context, failed func(error)) error {
	tick := time.NewTicker(crowdInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := c.Flush(ctx); err != nil {
			failed(err)
		}
	}
}

// Flush writes the shared records that there are now. What cannot be written is kept for the next time.
func (c *Crowd) Flush(ctx context.Context) error {
	c.mu.Lock()
	groups := c.groups
	c.groups = map[crowd]*Record{}
	c.mu.Unlock()
	var errs []error
	for k, g := range groups {
		if err := c.to.Append(ctx, *g); err != nil {
			errs = append(errs, err)
			c.putBack(k, g)
		}
	}
	return errors.Join(errs...)
}

func (c *Crowd) putBack(k crowd, g *Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if later, ok := c.groups[k]; ok {
		g.Count, g.Until = g.Count+later.Count, later.Until
	}
	c.groups[k] = g
}

package audit

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// EndedChange is a change of which is known what came of it.
type EndedChange struct {
	ID string // the same whoever reads it
	Change
}

// leadFor is how long a process tells before another may, unless it goes on.
const leadFor = 15 * time.Second

// Tell hands over the changes that have ended since the last time, in the order of their ends, to be told to others; of several
// processes that share the log one does. With nobody to tell, put is nil and they are passed over; so are those from before the
// first time. Where put fails they come again, and after a kill they may.
func (c *Changes) Tell(ctx context.Context, who string, put func(ctx context.Context, list []EndedChange) error) error {
	leads, err := c.book.lead(ctx, who, leadFor)
	if err != nil || !leads {
		return told(err)
	}
	h, err := c.book.head(ctx)
	if err == nil && h.writer == "" {
		c.empty.Store(true)
		return nil
	}
	if c.empty.Load() { // what came since came after the first look
		h.telling = true
	}
	if err != nil || h.telling && h.told >= h.seq {
		return told(err)
	}
	if put == nil || !h.telling {
		return told(c.book.told(ctx, h.seq))
	}
	for behind := h.told; ; {
		rows, err := c.book.ended(ctx, behind, changesPage)
		if err != nil {
			return told(err)
		}
		var list []EndedChange
		for i := range rows {
			behind = rows[i].ended.seq
			x, err := rows[i].change()
			if err != nil {
				continue // it was changed after it was written, which is for verify to say
			}
			list = append(list, EndedChange{ID: h.writer + "/" + strconv.FormatInt(behind, 10), Change: x})
		}
		if len(list) > 0 {
			if err := put(ctx, list); err != nil {
				return told(err)
			}
		}
		if len(rows) < changesPage {
			return told(c.book.told(ctx, max(behind, h.seq)))
		}
		if err := c.book.told(ctx, behind); err != nil {
			return told(err)
		}
	}
}

func told(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("telling of changes: %w", err)
}

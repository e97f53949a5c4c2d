package webhook

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"weir/policy/audit"
)

// The states of an actor.
const (
	quarantined = "quarantined"
	released    = "released"
)

// shown is what is read of what a change was about.
type shown struct {
	Actor           string `json:"actor"`
	Reason          string `json:"reason"`
	Status          string `json:"status"`
	SuspendedReason string `json:"suspended_reason"`
}

// OfChange are the events that a change by an operator tells of.
func OfChange(c *audit.EndedChange) []Event {
	if c.Status < 200 || c.Status > 299 {
		return nil // nothing came of it
	}
	var before, after shown
	_ = json.Unmarshal(c.Before, &before) // what is not there tells of nothing
	_ = json.Unmarshal(c.After, &after)
	e := Event{At: c.At, Tenant: c.Tenant, Data: Data{Tenant: c.Tenant, By: c.Who, Reason: cmp.Or(after.Reason, after.SuspendedReason)}, id: "change/" + c.ID}
	switch {
	case after.Actor != "":
		e.Type, e.Data.Actor, e.Data.State = Quarantine, after.Actor, quarantined
		e.Text = fmt.Sprintf("%s took the actor %s of %s out of service%s", c.Who, after.Actor, c.Tenant, because(e.Data.Reason))
	case before.Actor != "":
		e.Type, e.Data.Actor, e.Data.State = Quarantine, before.Actor, released
		e.Text = fmt.Sprintf("%s let the actor %s of %s in again", c.Who, before.Actor, c.Tenant)
	case after.Status != "" && after.Status != before.Status && tenantChanges[c.Operation]:
		e.Type, e.Data.State = Suspension, after.Status
		e.Text = fmt.Sprintf("%s set the tenant %s to %s%s", c.Who, c.Tenant, after.Status, because(e.Data.Reason))
	default:
		return nil
	}
	return []Event{e}
}

// tenantChanges are the operations that can change a tenant's status.
var tenantChanges = map[string]bool{"suspendTenant": true, "resumeTenant": true, "putTenant": true}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// Changed puts in what operators' changes tell of. What was put in before is not put in again while it waits.
func (o *Office) Changed(ctx context.Context, list []audit.EndedChange) error {
	var events []Event
	for i := range list {
		events = append(events, OfChange(&list[i])...)
	}
	messages, err := o.messages(events)
	if err != nil || len(messages) == 0 {
		return err
	}
	return o.put(ctx, messages)
}

// put writes messages into the store.
func (o *Office) put(ctx context.Context, list []message) error {
	var in []message // not looked at after an error: the change may still be running
	if err := o.store.Write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		in, err = o.enter(ctx, tx, nil, list)
		return err
	}); err != nil {
		return fmt.Errorf("putting in a webhook's message: %w", err)
	}
	o.entered(in)
	return nil
}

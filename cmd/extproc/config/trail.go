package config

import (
	"fmt"

	"weir/policy/audit"
	"weir/policy/audit/sink"
)

// Trail is about the audit trail.
type Trail struct {
	// RetentionDays is how long records are kept; 0, which is the default, keeps them for ever. A tenant may say otherwise.
	RetentionDays int64 `yaml:"retention_days,omitempty" json:"retention_days,omitempty" jsonschema:"minimum=0,maximum=36500"`
	// Stream copies every record into a Redis Stream of store.redis, which several Weirs share.
	Stream *Stream `yaml:"stream,omitempty" json:"stream,omitempty"`
	// Backlog is how many records may wait for a sink that does not take them; beyond it the oldest are left out of it, and
	// counted. 1,000,000 where nothing is said.
	Backlog int64 `yaml:"backlog,omitempty" json:"backlog,omitempty" jsonschema:"minimum=0"`
	// Unidentified bounds the records of requests without a key that may be used.
	Unidentified Unidentified `yaml:"unidentified,omitempty" json:"unidentified,omitempty"`
}

// Stream is a Redis Stream.
type Stream struct {
	// Records is about how many it keeps; 1,000,000 where nothing is said.
	Records int64 `yaml:"records,omitempty" json:"records,omitempty" jsonschema:"minimum=0"`
}

// Unidentified bounds the records of requests without a key that may be used. Those beyond share one for each address, code and minute.
type Unidentified struct {
	// Each is how many of an address have a record of their own in a minute; 100 where nothing is said.
	Each int64 `yaml:"each,omitempty" json:"each,omitempty" jsonschema:"minimum=0"`
	// All is how many of all addresses together; 1,000 where nothing is said.
	All int64 `yaml:"all,omitempty" json:"all,omitempty" jsonschema:"minimum=0"`
}

// CheckedTrail is what of the trail's settings is read at the start.
type CheckedTrail struct {
	Stream        bool
	StreamRecords int64
	Backlog       int64
	Each, All     int64
}

func (c *checker) trail(f *File) CheckedTrail {
	t := f.Trail
	out := CheckedTrail{Backlog: t.Backlog, Each: t.Unidentified.Each, All: t.Unidentified.All}
	for _, n := range []struct {
		field string
		value int64
	}{{"backlog", t.Backlog}, {"unidentified.each", out.Each}, {"unidentified.all", out.All}} {
		c.count("trail."+n.field, n.value)
	}
	if out.Backlog == 0 {
		out.Backlog = sink.DefaultBacklog
	}
	if out.Each == 0 {
		out.Each = audit.DefaultEach
	}
	if out.All == 0 {
		out.All = audit.DefaultAll
	}
	if t.Stream == nil {
		return out
	}
	out.Stream, out.StreamRecords = true, t.Stream.Records
	c.count("trail.stream.records", t.Stream.Records)
	if f.Store.Redis == nil {
		c.add("trail.stream", "a stream", "store.redis beside it", fmt.Sprintf("that is where the stream is; without Redis the trail is in %s alone", or(f.Store.Path, DefaultStorePath)))
	}
	return out
}

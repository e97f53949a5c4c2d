package sink

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"weir/policy/audit"
	"weir/policy/store"
)

// DefaultStreamRecords is about how many records a stream keeps.
const DefaultStreamRecords = 1_000_000

// Stream is a Redis Stream that several Weirs write their trails to: PREFIX:{trail}:records. An entry has the members writer,
// which trail it is from, n, its row there, and record, the JSON as it is stored. Each record is taken once, whatever is sent
// again after a process or a connection broke: how far each trail is, is written in the same script.
type Stream struct {
	redis   *store.Redis
	writer  string
	records int64
	trimmed atomic.Int64
}

// NewStream makes the target of one trail. records is about how many entries are kept; 0 is DefaultStreamRecords.
func NewStream(r *store.Redis, writer string, records int64) *Stream {
	if records <= 0 {
		records = DefaultStreamRecords
	}
	return &Stream{redis: r, writer: writer, records: records}
}

// StreamKey is the name of the stream.
func StreamKey(r *store.Redis) string { return r.Key("trail", "records") }

// Trimmed is how many entries went out of the stream at its end, since the start.
func (s *Stream) Trimmed() int64 { return s.trimmed.Load() }

// KEYS: stream, positions. ARGV: writer, length, then n and record in turn. It answers how many went out at the stream's end.
var addScript = redis.NewScript(`
local last = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
local before, added = redis.call('XLEN', KEYS[1]), 0
for i = 3, #ARGV, 2 do
  local n = tonumber(ARGV[i])
  if n > last then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'writer', ARGV[1], 'n', ARGV[i], 'record', ARGV[i + 1])
    last, added = n, added + 1
    redis.call('HSET', KEYS[2], ARGV[1], ARGV[i])
  end
end
return before + added - redis.call('XLEN', KEYS[1])
`)

// streamBatch bounds the records of one script: Redis does nothing else meanwhile.
const streamBatch = 100

// Send implements Target.
func (s *Stream) Send(ctx context.Context, batch []audit.Stored) error {
	for len(batch) > 0 {
		part := batch[:min(len(batch), streamBatch)]
		batch = batch[len(part):]
		args := []any{s.writer, s.records}
		for i := range part {
			args = append(args, strconv.FormatInt(part[i].N, 10), part[i].Text)
		}
		var trimmed int64
		err := s.redis.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
			trimmed, err = addScript.Run(ctx, c, []string{StreamKey(s.redis), s.redis.Key("trail", "positions")}, args...).Int64()
			return err
		})
		if err != nil {
			return fmt.Errorf("adding to the stream: %w", err)
		}
		s.trimmed.Add(max(trimmed, 0))
	}
	return nil
}

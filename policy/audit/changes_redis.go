package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"weir/policy/store"
)

// changesTag is the hash tag of the log's keys: one script reaches them all.
const changesTag = "changes"

// redisBook keeps the log of changes on a Redis:
//
//	head    a hash: where the chain stands
//	begun   a hash: number -> the link of a begin
//	ended   a hash: number -> the link of an end
//	ends    a sorted set: numbers by the links of their ends
//	teller  which process tells webhooks
type redisBook struct {
	store *store.Redis
	keys  []string // head, begun, ended, ends
}

func newRedisBook(s *store.Redis) *redisBook {
	b := &redisBook{store: s}
	for _, part := range []string{"head", "begun", "ended", "ends"} {
		b.keys = append(b.keys, s.Key(changesTag, part))
	}
	return b
}

// shared is a link as a hash has it.
type shared struct {
	Seq  int64  `json:"seq"`
	MAC  string `json:"mac"`
	Key  string `json:"key"`
	Text string `json:"text"`
}

func (b *redisBook) head(ctx context.Context) (h logHead, err error) {
	var all map[string]string
	if err := b.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		all, err = c.HGetAll(ctx, b.keys[0]).Result()
		return err
	}); err != nil {
		return h, err
	}
	h.writer, h.firstN = all["writer"], 1
	for name, into := range map[string]*int64{"n": &h.n, "seq": &h.seq, "from_n": &h.from.n, "from_seq": &h.from.seq, "told": &h.told} {
		if v, ok := all[name]; ok {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return h, fmt.Errorf("reading where the log stands: %s is no number", name)
			}
			*into = n
		}
	}
	_, h.telling = all["told"]
	for name, into := range map[string]*[]byte{"mac": &h.mac, "from_mac": &h.from.mac, "from_seal": &h.from.seal} {
		if *into, err = hex.DecodeString(all[name]); err != nil {
			return h, fmt.Errorf("reading where the log stands: %s is not hexadecimal", name)
		}
	}
	return h, nil
}

// A question whose connection broke is asked again, so what is done already is as good as done now. KEYS: head, begun, ended, ends.
var (
	// ARGV: writer, seq and mac as they are wanted, seq and mac of the link, number, begun or ended, the link.
	addChange = redis.NewScript(`
local h = redis.call('HMGET', KEYS[1], 'writer', 'seq', 'mac')
if h[3] == ARGV[5] then return 1 end
if (h[1] or ARGV[1]) ~= ARGV[1] or (h[2] or '0') ~= ARGV[2] or (h[3] or ARGV[3]) ~= ARGV[3] then return 0 end
if ARGV[7] == 'ended' then
  if redis.call('HEXISTS', KEYS[2], ARGV[6]) == 0 or redis.call('HSETNX', KEYS[3], ARGV[6], ARGV[8]) == 0 then return -1 end
  redis.call('ZADD', KEYS[4], ARGV[4], ARGV[6])
else
  redis.call('HSET', KEYS[2], ARGV[6], ARGV[8])
  redis.call('HSET', KEYS[1], 'n', ARGV[6])
end
redis.call('HSET', KEYS[1], 'writer', ARGV[1], 'seq', ARGV[4], 'mac', ARGV[5])
return 1
`)
	// ARGV: seq and mac as they are wanted, the first and the last number that go, the last link that goes with them, its mac, the seal.
	pruneChanges = redis.NewScript(`
local h = redis.call('HMGET', KEYS[1], 'seq', 'mac')
if h[1] ~= ARGV[1] or h[2] ~= ARGV[2] then return 0 end
for n = tonumber(ARGV[3]), tonumber(ARGV[4]) do
  local field = string.format('%.0f', n)
  redis.call('HDEL', KEYS[2], field)
  redis.call('HDEL', KEYS[3], field)
  redis.call('ZREM', KEYS[4], field)
end
redis.call('HSET', KEYS[1], 'from_n', ARGV[4], 'from_seq', ARGV[5], 'from_mac', ARGV[6], 'from_seal', ARGV[7])
return 1
`)
	// KEYS: teller. ARGV: who, milliseconds.
	leadTelling = redis.NewScript(`
local who = redis.call('GET', KEYS[1])
if who and who ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`)
)

func (b *redisBook) run(ctx context.Context, s *redis.Script, keys []string, args ...any) (n int, err error) {
	err = b.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		n, err = s.Run(ctx, c, keys, args...).Int()
		return err
	})
	return n, err
}

func (b *redisBook) add(ctx context.Context, h logHead, a addition) (bool, error) {
	text, err := json.Marshal(shared{Seq: a.seq, MAC: hex.EncodeToString(a.mac), Key: a.key, Text: a.text})
	if err != nil {
		return false, err
	}
	phase := "begun"
	if a.ends {
		phase = "ended"
	}
	n, err := b.run(ctx, addChange, b.keys, h.writer, h.seq, hex.EncodeToString(h.mac), a.seq, hex.EncodeToString(a.mac), a.n, phase, text)
	if err == nil && n < 0 {
		err = ErrNoChange
	}
	return n == 1, err
}

func (b *redisBook) prune(ctx context.Context, h logHead, from logStart) (bool, error) {
	n, err := b.run(ctx, pruneChanges, b.keys, h.seq, hex.EncodeToString(h.mac), h.from.n+1, from.n, from.seq, hex.EncodeToString(from.mac), hex.EncodeToString(from.seal))
	return n == 1, err
}

// read are the changes with these numbers that are there.
func (b *redisBook) read(ctx context.Context, numbers []string) (out []changeRow, err error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	var begun, ended []any
	err = b.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		var first, second *redis.SliceCmd
		if _, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
			first, second = p.HMGet(ctx, b.keys[1], numbers...), p.HMGet(ctx, b.keys[2], numbers...)
			return nil
		}); err != nil {
			return err
		}
		begun, ended = first.Val(), second.Val()
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, number := range numbers {
		if begun[i] == nil && ended[i] == nil {
			continue
		}
		r := changeRow{}
		if r.n, err = strconv.ParseInt(number, 10, 64); err != nil {
			return nil, err
		}
		for v, into := range map[*any]*changeLink{&begun[i]: &r.begun, &ended[i]: &r.ended} {
			text, _ := (*v).(string)
			var l shared
			if text != "" && json.Unmarshal([]byte(text), &l) != nil {
				l.Text = text // which is for verify to say
			}
			mac, _ := hex.DecodeString(l.MAC)
			*into = changeLink{seq: l.Seq, mac: mac, key: l.Key, text: l.Text}
		}
		out = append(out, r)
	}
	return out, nil
}

// span are numbers from one to another, both included, upwards or downwards.
func span(from, to int64) []string {
	step := int64(1)
	if to < from {
		step = -1
	}
	var out []string
	for n := from; ; n += step {
		out = append(out, strconv.FormatInt(n, 10))
		if n == to {
			return out
		}
	}
}

func (b *redisBook) search(ctx context.Context, q ChangeQuery) (list []changeRow, more bool, err error) {
	h, err := b.head(ctx)
	if err != nil {
		return nil, false, err
	}
	n := h.n
	if q.Before > 0 {
		n = min(n, q.Before-1)
	}
	for n > h.from.n {
		low := max(h.from.n+1, n-changesPage+1)
		rows, err := b.read(ctx, span(n, low))
		if err != nil {
			return nil, false, err
		}
		for i := range rows {
			x, err := rows[i].change()
			if err != nil {
				return nil, false, err
			}
			if !q.fits(&x) {
				continue
			}
			if len(list) == q.Limit {
				return list, true, nil
			}
			list = append(list, rows[i])
		}
		n = low - 1
	}
	return list, false, nil
}

// rows reads on until it has as many as are wanted, since some may have been taken out.
func (b *redisBook) rows(ctx context.Context, from int64, limit int) (list []changeRow, err error) {
	h, err := b.head(ctx)
	if err != nil {
		return nil, err
	}
	for from = max(from, h.from.n+1); from <= h.n && len(list) < limit; {
		to := min(h.n, from+int64(limit-len(list))-1)
		rows, err := b.read(ctx, span(from, to))
		if err != nil {
			return nil, err
		}
		list, from = append(list, rows...), to+1
	}
	return list, nil
}

func (b *redisBook) ended(ctx context.Context, behind int64, limit int) ([]changeRow, error) {
	var numbers []string
	if err := b.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		numbers, err = c.ZRangeByScore(ctx, b.keys[3], &redis.ZRangeBy{Min: "(" + strconv.FormatInt(behind, 10), Max: "+inf", Count: int64(limit)}).Result()
		return err
	}); err != nil {
		return nil, err
	}
	return b.read(ctx, numbers)
}

func (b *redisBook) told(ctx context.Context, seq int64) error {
	return b.store.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return c.HSet(ctx, b.keys[0], "told", seq).Err()
	})
}

func (b *redisBook) lead(ctx context.Context, who string, lasts time.Duration) (bool, error) {
	n, err := b.run(ctx, leadTelling, []string{b.store.Key(changesTag, "teller")}, who, lasts.Milliseconds())
	return n == 1, err
}

-- Books an ending once. It is the translation of charge in use.go and of sqlite_end.go.
--
-- KEYS  the hold, the open holds of its owner, its accounts, its rates
-- ARGV  now or 0, exchange, outcome, billed, cost, tokens, when tokens count from or 0, mark, ceiling, keep ended, keep rates, whether the hold may be on its way,
--       whether its process died and who settles it tells of that
-- gives verdict, overrun
-- Of a hold whose process died the note stays, and it stays among the open ones, until somebody has told of it; who has not within
-- TELL_MS leaves it to the next.
local TELL_MS = 60000
local now, exchange, outcome = now_ms(tonumber(ARGV[1])), ARGV[2], ARGV[3]
local billed, cost, used, at = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local mark, ceiling = ARGV[8], tonumber(ARGV[9])
local keep_ended, keep_rates = tonumber(ARGV[10]), tonumber(ARGV[11])

local crashed = ARGV[13] == '1'

local v = redis.call('HMGET', KEYS[1], 'a', 't', 'c', 'l', 'r', 'm', 'v', 'x', 'w')
if not v[1] then
  -- A hold that is still on its way must not arrive after its end.
  if ARGV[12] == '1' then
    redis.call('HSET', KEYS[1], 'a', '0', 't', '0', 'c', int(now), 'e', outcome, 'm', mark, 'v', '0')
    redis.call('PEXPIRE', KEYS[1], int(keep_ended))
  end
  redis.call('SREM', KEYS[2], exchange)
  return {'none', 0}
end
if v[3] ~= '0' then
  if not v[9] then
    redis.call('SREM', KEYS[2], exchange)
  elseif crashed and v[6] ~= mark and now - tonumber(v[9]) > TELL_MS then
    redis.call('HSET', KEYS[1], 'w', int(now))
    return {'untold', 0}
  end
  if v[6] == mark then return {'first', tonumber(v[7])} end
  return {'later', 0}
end
local amount, tokens = tonumber(v[1]), tonumber(v[2])
local within, overrun, counts = 0, 0, 0
if outcome == 'settled' then
  within = math.min(billed, amount)
  overrun, counts = billed - within, 1
elseif outcome == 'recovered' then
  within, cost, used, counts = amount, amount, tokens, 1
else
  cost, used = 0, 0
end
if at == 0 then at = now end

local lines = cmsgpack.unpack(v[4])
local free = 0
for _, l in ipairs(lines) do
  if l[2] == 'f' then free = l[3] end
end

local function raise(key, field, n)
  if n == 0 then return end
  if redis.call('HINCRBY', key, field, int(n)) > ceiling then redis.call('HSET', key, field, int(ceiling)) end
end

for _, l in ipairs(lines) do
  local key, kind, held = l[1], l[2], l[3]
  raise(key, 'h', -held)
  if kind == 'f' then
    raise(key, 's', math.min(within, held))
  elseif kind == 'q' then
    raise(key, 's', counts)
  elseif kind == 'm' or kind == 's' then
    local spared = 0
    if kind == 's' then spared = math.min(within, free) end
    raise(key, 's', within - spared)
    raise(key, 'o', overrun)
    raise(key, 'p', cost)
  end
end

if used ~= tokens then
  for _, r in ipairs(cmsgpack.unpack(v[5])) do
    local key, window = r[1], r[2]
    local m = read_marks(key)
    if used < tokens then
      if #m > 0 then give_back(m, r[3], math.max(at, m[#m - 1]), window, tokens - used) end
    else
      local counted
      m, counted = current(m, at, window, ceiling)
      add(m, counted, window, used - tokens, r[4] or 0, ceiling)
    end
    if #m > 0 then write_marks(key, m, window, keep_rates) end
  end
end

redis.call('HSET', KEYS[1], 'c', int(now), 'e', outcome, 'm', mark, 'v', int(overrun))
redis.call('HDEL', KEYS[1], 'l', 'r', 'k')
redis.call('PEXPIRE', KEYS[1], int(keep_ended))
if crashed and v[8] then
  redis.call('HSET', KEYS[1], 'w', int(now))
else
  redis.call('HDEL', KEYS[1], 'x')
  redis.call('SREM', KEYS[2], exchange)
end
return {'first', overrun}

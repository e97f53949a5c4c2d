-- Takes a hold, all or nothing. It is the translation of plan and hold in hold.go and sqlite_hold.go.
--
-- KEYS  the hold, the owner's open holds, each account, each rate
-- ARGV  now or 0, when it happened or 0, exchange, owner, note, amount, least, tokens, ceiling, keep rates, keep accounts,
--       number of accounts, of budgets, of rates, of limits of rates;
--       of an account: start, end; of a budget: account or 0, kind, limit, soft, partial, spared;
--       of a rate: window, units, tries, whether it is settled; of a limit: rate, limit
-- gives verdict, amount, now; of an account: settled, overrun, held as they were; of a limit: used, clear, wait or -1
local next_arg = 0
local function arg()
  next_arg = next_arg + 1
  return ARGV[next_arg]
end
local function num() return tonumber(arg()) end

local now, late, exchange, owner, note = now_ms(num()), num(), arg(), arg(), arg()
local at = now
if late > 0 then at = late end
local amount, least, tokens, ceiling = num(), num(), num(), num()
local keep_rates, keep_accounts = num(), num()
local n_accounts, n_budgets, n_rates, n_limits = num(), num(), num(), num()

local accounts = {}
for i = 1, n_accounts do
  local a = {key = KEYS[2 + i], start = num(), stop = num()}
  if a.stop > 0 and (at < a.start or at >= a.stop) then return {'period', 0, now} end
  local v = redis.call('HMGET', a.key, 's', 'o', 'h')
  a.fresh = not v[3]
  a.settled, a.overrun, a.held = tonumber(v[1] or 0), tonumber(v[2] or 0), tonumber(v[3] or 0)
  a.used = a.settled + a.overrun
  accounts[i] = a
end

local budgets, free_left = {}, 0
for i = 1, n_budgets do
  local b = {account = accounts[num()], kind = arg(), limit = num(), soft = num() == 1, partial = num() == 1, spared = num() == 1}
  if b.account and not b.account.budget then b.account.budget = b end
  if b.kind == 'f' then free_left = math.max(b.limit - b.account.used - b.account.held, 0) end
  budgets[i] = b
end

local rates = {}
for i = 1, n_rates do
  local r = {key = KEYS[2 + n_accounts + i], window = num(), units = num(), tries = num() == 1, settled = num() == 1}
  r.marks, r.now = current(read_marks(r.key), now, r.window, ceiling)
  rates[i] = r
end
local limits = {}
for i = 1, n_limits do
  local l = {rate = rates[num()], limit = num()}
  l.rate.limit = l.rate.limit or l.limit
  limits[i] = l
end

local function answer(verdict, held)
  local out = {verdict, held, now}
  for _, a in ipairs(accounts) do
    out[#out + 1] = a.settled
    out[#out + 1] = a.overrun
    out[#out + 1] = a.held
  end
  for _, l in ipairs(limits) do
    local r, wait_ms = l.rate, -1
    local used = sum(r.marks, ceiling)
    if verdict == 'refused' and used - (r.tried or 0) + r.units > l.limit then
      wait_ms = wait(r.marks, now, r.window, r.units, l.limit, ceiling)
    end
    out[#out + 1] = used
    out[#out + 1] = clear(r.marks, now, r.window)
    out[#out + 1] = wait_ms
  end
  return out
end

local known = redis.call('HMGET', KEYS[1], 'a', 'c')
if known[1] then
  if known[2] ~= '0' then return {'ended', 0, now} end
  return answer('repeated', tonumber(known[1]))
end

local function share(b, of)
  if b.kind == 'q' or b.kind == 'x' then return 1 end
  if b.kind == 'f' then return math.min(of, free_left) end
  if b.spared then return math.max(of - free_left, 0) end
  return of
end

local function fits(b)
  if b.kind == 'c' then return amount <= b.limit end
  if b.kind == 'f' then return true end
  local a = b.account
  if b.kind == 'x' then return a.held + 1 <= b.limit end
  local s = share(b, amount)
  if s == 0 and amount > 0 then return true end
  return a.used + a.held + s <= b.limit
end

for _, a in ipairs(accounts) do
  if a.held > ceiling - amount then return {'overflow', 0, now} end
end

local granted, take = true, amount
for _, b in ipairs(budgets) do
  if not b.soft and not fits(b) then
    if b.partial then
      local room = math.max(b.limit - b.account.used - b.account.held, 0)
      if b.spared then room = room + free_left end
      take = math.min(take, room)
    else
      granted = false
    end
  end
end
if take < amount and take < math.max(least, 1) then granted = false end
for _, l in ipairs(limits) do
  if sum(l.rate.marks, ceiling) + l.rate.units > l.limit then granted = false end
end

if not granted then
  for _, r in ipairs(rates) do
    if r.tries then
      add(r.marks, r.now, r.window, 1, r.limit, ceiling)
      r.tried = 1
      write_marks(r.key, r.marks, r.window, keep_rates)
    end
  end
  return answer('refused', amount)
end

local lines = {}
for i, a in ipairs(accounts) do
  local b = a.budget
  local s = share(b, take)
  local kind = b.kind
  if b.spared then kind = 's' end
  redis.call('HINCRBY', a.key, 'h', int(s))
  if a.fresh and a.stop > 0 then redis.call('PEXPIREAT', a.key, int(a.stop + keep_accounts)) end
  lines[i] = {a.key, kind, s}
end
local reserved = {}
for _, r in ipairs(rates) do
  local from = r.now
  if late > 0 then
    from = math.min(late, r.now)
    r.marks = insert(r.marks, from, r.now, r.window, r.units, ceiling)
  else
    add(r.marks, r.now, r.window, r.units, r.limit, ceiling)
  end
  if #r.marks > 0 then write_marks(r.key, r.marks, r.window, keep_rates) end
  if r.settled then reserved[#reserved + 1] = {r.key, r.window, from, r.limit} end
end
redis.call('HSET', KEYS[1], 'a', int(take), 't', int(tokens), 'o', owner, 'n', int(now), 'c', '0',
  'l', cmsgpack.pack(lines), 'r', cmsgpack.pack(reserved))
if note ~= '' then redis.call('HSET', KEYS[1], 'x', note) end
if #KEYS > 2 then
  local touched = {}
  for i = 3, #KEYS do touched[i - 2] = KEYS[i] end
  redis.call('HSET', KEYS[1], 'k', cjson.encode(touched))
end
redis.call('SADD', KEYS[2], exchange)
return answer('granted', take)

-- The recent uses of a rate: a list of moments and units by turns, oldest first, never two of one moment. What the
-- functions do, and why, is said in marks.go; they are its translation.
local EXACT_USES = 1024
local RESOLUTION = 100
local MAX_MARKS = EXACT_USES + RESOLUTION + 76

local function now_ms(override)
  if override > 0 then return override end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function int(n) return string.format('%.0f', n) end

local function part(window) return math.ceil(window / RESOLUTION) end

-- join keeps as one what lies within one part of so many milliseconds.
local function join(m, part, ceiling)
  local n, last = 0, nil
  for i = 1, #m, 2 do
    local at, units = m[i], m[i + 1]
    local k = math.floor(at / part)
    if k == last then
      units = math.min(m[n] + units, ceiling)
    else
      n = n + 2
    end
    m[n - 1], m[n], last = at, units, k
  end
  for i = #m, n + 1, -1 do m[i] = nil end
end

local function add(m, now, window, units, limit, ceiling)
  if units == 0 then return end
  local within, n = part(window), #m
  if limit <= units * EXACT_USES then within = 1 end
  if n > 0 and math.floor(m[n - 1] / within) == math.floor(now / within) then
    m[n - 1] = now
    m[n] = math.min(m[n] + units, ceiling)
    return
  end
  m[n + 1] = now
  m[n + 2] = units
  if n + 2 > 2 * MAX_MARKS then join(m, part(window), ceiling) end
end

-- current drops what has left the window, restores order, and returns the moment that counts as now.
local function current(m, at, window, ceiling)
  local now, sorted = at, true
  for i = 1, #m, 2 do
    if m[i] > at + window then m[i] = at end
    if i > 1 and m[i] <= m[i - 2] then sorted = false end
    if m[i] > now then now = m[i] end
  end
  local out, gone = {}, now - window
  for i = 1, #m, 2 do
    if m[i] > gone and m[i + 1] > 0 then
      out[#out + 1] = m[i]
      out[#out + 1] = m[i + 1]
    end
  end
  if sorted then return out, now end
  local pairs_of = {}
  for i = 1, #out, 2 do pairs_of[#pairs_of + 1] = {out[i], out[i + 1]} end
  table.sort(pairs_of, function(a, b) return a[1] < b[1] end)
  for i, k in ipairs(pairs_of) do out[2 * i - 1], out[2 * i] = k[1], k[2] end
  join(out, 1, ceiling)
  return out, now
end

-- insert counts units that were used at an earlier moment, where that has not left the window by now.
local function insert(m, at, now, window, units, ceiling)
  if units == 0 or at <= now - window then return m end
  m[#m + 1] = at
  m[#m + 1] = units
  m = current(m, now, window, ceiling)
  if #m > 2 * MAX_MARKS then join(m, part(window), ceiling) end
  return m
end

local function sum(m, ceiling)
  local n = 0
  for i = 2, #m, 2 do n = math.min(n + m[i], ceiling) end
  return n
end

local function clear(m, at, window)
  if #m == 0 then return at end
  return m[#m - 1] + window
end

local function wait(m, at, window, units, limit, ceiling)
  local left = sum(m, ceiling)
  for i = 1, #m, 2 do
    if left + units <= limit then break end
    left = left - m[i + 1]
    if left + units <= limit then return math.max(m[i] + window - at, 1) end
  end
  return window
end

local function give_back(m, at, now, window, units)
  if at <= now - window then return end
  for i = 1, #m, 2 do
    if m[i] >= at then
      if m[i] - at < part(window) then m[i + 1] = m[i + 1] - math.min(units, m[i + 1]) end
      return
    end
  end
end

local function read_marks(key)
  local stored = redis.call('GET', key)
  if not stored then return {} end
  return cmsgpack.unpack(stored)
end

local function write_marks(key, m, window, keep)
  redis.call('SET', key, cmsgpack.pack(m), 'PX', int(window + keep))
end

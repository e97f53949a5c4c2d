-- The recent uses of a rate: a list of moments and units by turns, oldest first, never two in one part of the window.
-- What the functions do, and why, is said in marks.go; they are its translation.
local RESOLUTION = 100

local function now_ms(override)
  if override > 0 then return override end
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function int(n) return string.format('%.0f', n) end

local function part(at, window) return math.floor(at / math.ceil(window / RESOLUTION)) end

local function add(m, now, window, units, ceiling)
  if units == 0 then return end
  local n = #m
  if n > 0 and part(m[n - 1], window) == part(now, window) then
    m[n - 1] = now
    m[n] = math.min(m[n] + units, ceiling)
    return
  end
  m[n + 1] = now
  m[n + 2] = units
end

-- current drops what has left the window, restores order, and returns the moment that counts as now.
local function current(m, at, window, ceiling)
  local now = at
  for i = 1, #m, 2 do
    if m[i] > at + window then m[i] = at end
    now = math.max(now, m[i])
  end
  local kept = {}
  for i = 1, #m, 2 do
    if m[i] > now - window and m[i + 1] > 0 then kept[#kept + 1] = {m[i], m[i + 1]} end
  end
  for i = 2, #kept do
    if kept[i][1] < kept[i - 1][1] then
      table.sort(kept, function(a, b) return a[1] < b[1] end)
      break
    end
  end
  local out = {}
  for _, k in ipairs(kept) do add(out, k[1], window, k[2], ceiling) end
  return out, now
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

local function give_back(m, at, window, units)
  for i = 1, #m, 2 do
    if part(m[i], window) == part(at, window) then
      m[i + 1] = m[i + 1] - math.min(units, m[i + 1])
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

-- Forgets an owner that is dead and has nothing left. KEYS the living, the owner's tenants; ARGV owner, the beat before
-- which it goes.
local beat = redis.call('ZSCORE', KEYS[1], ARGV[1])
if beat and tonumber(beat) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1

-- Says that an owner lives. KEYS the living; ARGV now or 0, owner, whether it enters just now. Gives 0 where it was given up.
local now = now_ms(tonumber(ARGV[1]))
if ARGV[3] == '0' and not redis.call('ZSCORE', KEYS[1], ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], int(now), ARGV[2])
return 1

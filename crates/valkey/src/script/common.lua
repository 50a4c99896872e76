-- What the scripts have in common. A bucket is a string: when a refusal was last told as the first of its window (-1: never), then
-- for each entry, oldest first, the first act, the latest, and how many. Times are microseconds of the database's clock, which is
-- below 2^53: doubles hold them exactly. The rules are those of the limiter in process, crates/limit/src/bucket.rs.

local now = tonumber(ARGV[1])
local held = {}

-- The bucket as of now, under these numbers.
local function settled(key, limit, window)
    local bucket = held[key]
    if not bucket then
        local text = redis.call('GET', key)
        local kept = text and cmsgpack.unpack(text) or { -1 }
        bucket = { key = key, told = kept[1], log = {} }
        for at = 2, #kept, 3 do
            bucket.log[#bucket.log + 1] = { first = kept[at], last = kept[at + 1], count = kept[at + 2] }
        end
        held[key] = bucket
    end
    bucket.limit, bucket.window = limit, window
    while bucket.log[1] and now - bucket.log[1].last >= window do
        table.remove(bucket.log, 1)
    end
    return bucket
end

local function used(bucket)
    local sum = 0
    for _, entry in ipairs(bucket.log) do
        sum = sum + entry.count
    end
    return sum
end

-- How much is left, and how long until the oldest act is forgotten.
local function read(bucket)
    local oldest = bucket.log[1]
    local reset = oldest and oldest.last + bucket.window - now or 0
    return math.max(0, bucket.limit - used(bucket)), reset
end

-- Kept for as long as it counts, and a minute, in which clocks may differ. Without an act in it there is nothing to keep.
local function keep(bucket)
    local newest = bucket.log[#bucket.log]
    if not newest then
        redis.call('DEL', bucket.key)
        return
    end
    local kept = { bucket.told }
    for _, entry in ipairs(bucket.log) do
        kept[#kept + 1] = entry.first
        kept[#kept + 1] = entry.last
        kept[#kept + 1] = entry.count
    end
    local life = math.ceil(math.max(0, newest.last + bucket.window - now) / 1000) + 60000
    redis.call('SET', bucket.key, cmsgpack.pack(kept), 'PX', string.format('%.0f', life))
end

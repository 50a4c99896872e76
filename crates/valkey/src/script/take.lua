-- Charges one act to each bucket, or to none. KEYS: the buckets. ARGV: now, how many acts are counted apart, then limit and window
-- of each. Answers {1, when, left, reset, …}, three for each bucket; or {0, which refuses, how long, whether the first of its
-- window, left, reset, …}.

local exact = tonumber(ARGV[2])

-- How long until one more act is allowed.
local function wait(bucket)
    local sum = used(bucket)
    for _, entry in ipairs(bucket.log) do
        if sum < bucket.limit then
            break
        end
        sum = sum - entry.count
        if sum < bucket.limit then
            return entry.last + bucket.window - now
        end
    end
    -- A limit of zero: there is nothing to wait for, so the whole window is said.
    return sum < bucket.limit and 0 or bucket.window
end

-- Counts one act; the moment under which it is noted: never before the newest entry, should clocks differ.
local function charge(bucket)
    local share = bucket.limit > exact and math.floor(bucket.window / exact) or 0
    local newest = bucket.log[#bucket.log]
    if not newest then
        bucket.log[1] = { first = now, last = now, count = 1 }
        return now
    end
    local at = math.max(now, newest.last)
    if newest.last == at or at - newest.first < share then
        newest.last = at
        newest.count = newest.count + 1
    else
        bucket.log[#bucket.log + 1] = { first = at, last = at, count = 1 }
    end
    return at
end

local function bucket_of(index)
    return settled(KEYS[index], tonumber(ARGV[2 * index + 1]), tonumber(ARGV[2 * index + 2]))
end

local refusing, longest, as_they_are = 0, 0, {}
for index = 1, #KEYS do
    local bucket = bucket_of(index)
    local waits = wait(bucket)
    if waits > longest then
        refusing, longest = index, waits
    end
    local left, reset = read(bucket)
    as_they_are[#as_they_are + 1] = left
    as_they_are[#as_they_are + 1] = reset
end

if refusing > 0 then
    local bucket = bucket_of(refusing)
    local is_first = bucket.told < 0 or now - bucket.told >= bucket.window
    if is_first then
        bucket.told = now
        keep(bucket)
    end
    local answer = { 0, refusing, longest, is_first and 1 or 0 }
    for _, number in ipairs(as_they_are) do
        answer[#answer + 1] = number
    end
    return answer
end

local answer = { 1 }
for index = 1, #KEYS do
    local bucket = bucket_of(index)
    answer[#answer + 1] = charge(bucket)
    local left, reset = read(bucket)
    answer[#answer + 1] = left
    answer[#answer + 1] = reset
end
for _, bucket in pairs(held) do
    keep(bucket)
end
return answer

-- Returns charges, and reads. KEYS: the buckets that were charged, then those that are read. ARGV: now, how many were charged, when
-- each of these was noted, then limit and window of each that is read. Answers left and reset of each that is read.

-- Takes one act out that was noted then; nothing if it is forgotten already. What else has happened since stays.
local function discharge(key, at)
    local text = redis.call('GET', key)
    if not text then
        return
    end
    local kept = cmsgpack.unpack(text)
    for first = 2, #kept, 3 do
        if kept[first] <= at and at <= kept[first + 1] then
            kept[first + 2] = kept[first + 2] - 1
            if kept[first + 2] == 0 then
                table.remove(kept, first)
                table.remove(kept, first)
                table.remove(kept, first)
            end
            break
        end
    end
    if #kept == 1 then
        redis.call('DEL', key)
    else
        redis.call('SET', key, cmsgpack.pack(kept), 'KEEPTTL')
    end
end

local charged = tonumber(ARGV[2])
for index = 1, charged do
    discharge(KEYS[index], tonumber(ARGV[2 + index]))
end

local answer = {}
for index = 1, #KEYS - charged do
    local at = 2 + charged + 2 * index - 1
    local left, reset = read(settled(KEYS[charged + index], tonumber(ARGV[at]), tonumber(ARGV[at + 1])))
    answer[#answer + 1] = left
    answer[#answer + 1] = reset
end
return answer

-- Tables, strings, coroutines, files, pipes, garbage: the same must come out on Linux.
local t = {}
for i = 1, 100000 do t[i] = (i * 7919) % 100003 end
table.sort(t)
print(t[1], t[50000], #t)
print(("%5.3f|%-5s|%q"):format(1 / 3, "ab", "a\nb"))
print(("key=value, other=thing"):gsub("(%w+)=(%w+)", "%2=%1"))
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
print(co(), co(), co())
local f = assert(io.open("lua.txt", "w+")); f:write("line 1\n", "line 2\n"); f:seek("set", 5); print(f:read("l", "a")); f:close()
for line in io.lines("lua.txt") do io.write("[", line, "]") end print()
print(os.rename("lua.txt", "other.txt"), os.remove("other.txt"), os.remove("other.txt"))
local p = io.popen("echo from a pipe; exit 3"); print(p:read("a"), p:close())
print(os.execute("exit 7"))
print(pcall(error, {code = 1}) == false, select("#", pcall(error, "x", 0)))
local n = 0 for i = 1, 20000 do local s = ("x"):rep(i % 100); n = n + #s end collectgarbage() print(n, collectgarbage("count") < 20000)
print(os.getenv("HOME") ~= nil, type(os.time()), os.date("!%F", 86400))
print(string.pack("<i4", 258):byte(1, -1))

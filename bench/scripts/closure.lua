local function counter() local n = 0; return function() n = n + 1; return n end end
local function run(n) local c = counter(); for i = 1, n do c() end; return c() end
print(run(10000000))

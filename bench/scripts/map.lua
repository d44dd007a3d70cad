local t, n = {}, 0
for i = 0, 999999 do t[tostring(i)] = i; n = n + 1 end
print(n)

local xs, x = {}, 42
for i = 1, 1000000 do x = (x * 1103515245 + 12345) % 2147483648; xs[i] = x end
table.sort(xs)
print(xs[500001])

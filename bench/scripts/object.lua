local function run(n)
  local point, sum = {x = 1, y = 2}, 0
  for i = 1, n do sum = sum + point.x + point.y; point.x = point.x + 1 end
  return sum
end
print(run(3000000))

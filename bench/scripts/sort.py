def numbers(n):
    xs, x = [], 42
    for i in range(n):
        x = (x * 1103515245 + 12345) % 2147483648
        xs.append(x)
    return xs
print(sorted(numbers(1000000))[500000])

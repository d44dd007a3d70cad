def fill(n):
    table = {}
    for i in range(n):
        table[str(i)] = i
    return len(table)
print(fill(1000000))

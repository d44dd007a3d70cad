def build(n):
    parts = []
    for i in range(n):
        parts.append(str(i))
    return len("".join(parts))
print(build(1000000))

def counter():
    n = 0
    def next():
        nonlocal n
        n += 1
        return n
    return next
def run(n):
    c = counter()
    for i in range(n):
        c()
    return c()
print(run(10000000))

class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y
def run(n):
    point, total = Point(1, 2), 0
    for i in range(n):
        total += point.x + point.y
        point.x += 1
    return total
print(run(3000000))

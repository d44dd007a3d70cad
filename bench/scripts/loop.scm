(define (run n) (let loop ((i 0) (sum 0)) (if (< i n) (loop (+ i 1) (+ sum i)) sum)))
(display (run 30000000)) (newline)

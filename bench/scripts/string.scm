(define (build n)
  (let loop ((i 0) (parts '()))
    (if (< i n) (loop (+ i 1) (cons (number->string i) parts)) (string-concatenate-reverse parts))))
(display (string-length (build 1000000))) (newline)

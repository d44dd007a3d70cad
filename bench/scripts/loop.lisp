(defun run (n) (let ((i 0) (sum 0)) (loop while (< i n) do (setf sum (+ sum i)) (setf i (+ i 1))) sum))
(format t "~a~%" (run 30000000))

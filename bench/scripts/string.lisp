(defun build (n)
  (with-output-to-string (out) (dotimes (i n) (princ i out))))
(format t "~a~%" (length (build 1000000)))

//! A made-up program of any length, for measuring the tools: functions as people write them, each used by the next.

/// A program of about `lines` lines. The same number gives the same text.
pub fn ovsm(lines: usize) -> String {
    let mut text = String::from("(define total : u64 0)\n");
    let functions = (lines.saturating_sub(4) / 12).max(1);
    for n in 0..functions {
        let previous = if n == 0 { "(+ x 1)".to_string() } else { format!("(step{} (% x 97))", n - 1) };
        text.push_str(&format!(
            ";;; Step {n}: scales and sums.\n\
             (defn step{n} ((x : u64)) -> u64\n  \
               (define limit (min x {}))\n  \
               (define sum 0u64)\n  \
               (define i 0u64)\n  \
               (while (< i limit)\n    \
                 (set! sum (+ sum (* i {})))\n    \
                 (set! i (+ i 1)))\n  \
               (if (and (> sum {}) (not (= x 3)))\n      \
                   (- sum x)\n      \
                   {previous}))\n\n",
            n % 7 + 3,
            n % 5 + 1,
            n % 11
        ));
    }
    text.push_str(&format!("(set! total (step{} 12))\n(sol_log_64_ total)\n0\n", functions - 1));
    text
}

/// A C program of the same size and shape, for the baseline.
pub fn c(lines: usize) -> String {
    let mut text = String::from("typedef unsigned long long u64;\nu64 total;\n");
    let functions = (lines.saturating_sub(4) / 12).max(1);
    for n in 0..functions {
        let previous = if n == 0 { "x + 1".to_string() } else { format!("step{}(x % 97)", n - 1) };
        text.push_str(&format!(
            "/* Step {n}: scales and sums. */\n\
             u64 step{n}(u64 x) {{\n  \
               u64 limit = x < {0} ? x : {0};\n  \
               u64 sum = 0;\n  \
               u64 i = 0;\n  \
               while (i < limit) {{\n    \
                 sum = sum + i * {1};\n    \
                 i = i + 1;\n  }}\n  \
               if (sum > {2} && !(x == 3)) return sum - x;\n  \
               return {previous};\n}}\n",
            n % 7 + 3,
            n % 5 + 1,
            n % 11
        ));
    }
    text.push_str(&format!("int main(void) {{ total = step{}(12); return 0; }}\n", functions - 1));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_has_its_length_and_no_errors() {
        let text = ovsm(1000);
        assert!((950..=1050).contains(&text.lines().count()), "{}", text.lines().count());
        let mut db = ovsm_query::Database::default();
        let file = db.add_file("program.ovsm", text);
        assert!(ovsm_query::diagnostics(&db, file).is_empty());
    }
}

use std::time::Instant;
fn main() {
    for unit in [
        "(",
        ")",
        "'",
        "[{",
        "`(,@",
        "#;",
        "#|",
        "\"\n\\",
        "(\n",
        "\n(",
        "\n(\"",
        "\n(\\\"",
        "\n(#|",
        "\n(#| \" |#",
        ",@1..2",
        "''',@a",
        "{1 ",
        "{:a ",
        "(]",
        "([)",
        "\"\\q",
        ";;; a\n",
        "\n;;; a\n(",
        "a\"",
        "1..",
        "#\\",
        "\u{0}",
        "😀",
        "[(",
        "#;'",
        "\n(a)) #| \"",
        "x\n  (y\n",
        " \" |# #| ",
    ] {
        let mut row = vec![];
        for n in [1_000_000usize, 4_000_000] {
            let text = unit.repeat(n / unit.len());
            let t = Instant::now();
            let s = ovsm_cst::split(&text);
            let a = t.elapsed();
            let t = Instant::now();
            let p = ovsm_cst::parse(ovsm_base::FormId(0), &text);
            let b = t.elapsed();
            let t = Instant::now();
            let f = ovsm_cst::parse_file(ovsm_base::FormId(0), &text);
            let c = t.elapsed();
            std::hint::black_box((&s, &p, &f));
            row.push(format!(
                "{:.0}/{:.0}/{:.0}",
                a.as_secs_f64() * 1e3,
                b.as_secs_f64() * 1e3,
                c.as_secs_f64() * 1e3
            ));
        }
        println!("{unit:?}: {}", row.join("  "));
    }
}

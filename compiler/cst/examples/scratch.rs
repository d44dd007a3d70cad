use std::time::Instant;
fn main() {
    let unit = include_str!("unit.ovsm");
    let n = 100_000 / unit.lines().count();
    let mut text = String::new();
    for i in 0..n {
        text.push_str(&unit.replace("NAME", &format!("name{i}")));
    }
    let lines = text.lines().count();
    let mut best = [f64::MAX; 4];
    for _ in 0..30 {
        let t = Instant::now();
        let tk = ovsm_cst::tokenize(&text);
        best[0] = best[0].min(t.elapsed().as_secs_f64());
        std::hint::black_box(&tk);
        let t = Instant::now();
        let s = ovsm_cst::split(&text);
        best[1] = best[1].min(t.elapsed().as_secs_f64());
        let t = Instant::now();
        let trees: Vec<_> = s
            .forms
            .iter()
            .map(|f| ovsm_cst::parse(ovsm_base::FormId(f.range.start as u64), f.text(&text)))
            .collect();
        best[2] = best[2].min(t.elapsed().as_secs_f64());
        assert!(trees.iter().all(|t| t.errors().is_empty()));
        assert!(s.balanced);
        let t = Instant::now();
        let whole = ovsm_cst::parse_file(ovsm_base::FormId(0), &text);
        best[3] = best[3].min(t.elapsed().as_secs_f64());
        std::hint::black_box(&whole);
    }
    println!("{} lines, {} bytes", lines, text.len());
    for (n, b) in ["lex", "split (lex+scan)", "parse all forms", "parse_file"].iter().zip(best) {
        println!(
            "{n}: {:.2} ms, {:.1} MB/s, {:.2} M lines/s",
            b * 1e3,
            text.len() as f64 / b / 1e6,
            lines as f64 / b / 1e6
        );
    }
    println!("split+parse: {:.2} M lines/s", lines as f64 / (best[1] + best[2]) / 1e6);
}

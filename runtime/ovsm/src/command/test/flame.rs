//! Where compute units went, as a picture and as text for other tools.
//!
//! The picture is an SVG file without scripts: each frame is as wide as its units, stands on the one that called it, and has
//! a tooltip. Nothing in it depends on when or where it was made. The text has a line for each way, as the tools around
//! flame graphs read it. Start with [`Flame::svg`].

use crate::chain::Frame;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Units by ways of frames.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Flame {
    /// Units of this frame, those inside of it included.
    units: u64,
    inner: BTreeMap<Frame, Flame>,
}

/// Lengths are in hundredths of a pixel, so that they are whole numbers.
const WIDTH: u64 = 120_000;
const MARGIN: u64 = 1_000;
const ROW: u64 = 1_800;
const HEAD: u64 = 4_000;
/// A character of the type that is used.
const CHARACTER: u64 = 660;
/// What is narrower is not drawn; its units are in the frame below.
const NARROWEST: u64 = 10;

impl Flame {
    /// Adds units at the end of a way.
    pub fn add(&mut self, frames: &[Frame], units: u64) {
        self.units += units;
        if let Some((first, rest)) = frames.split_first() {
            self.inner.entry(first.clone()).or_default().add(rest, units);
        }
    }

    /// Adds what another part of the run has found.
    pub fn merge(&mut self, other: Flame) {
        self.units += other.units;
        for (frame, flame) in other.inner {
            self.inner.entry(frame).or_default().merge(flame);
        }
    }

    /// All units.
    pub fn total(&self) -> u64 {
        self.units
    }

    fn depth(&self) -> u64 {
        self.inner.values().map(|inner| 1 + inner.depth()).max().unwrap_or(0)
    }

    /// A line for each way: its frames with `;` between them, and its own units.
    pub fn folded(&self) -> String {
        let mut out = String::new();
        self.fold(&mut Vec::new(), &mut out);
        out
    }

    fn fold<'f>(&'f self, way: &mut Vec<&'f str>, out: &mut String) {
        let inside: u64 = self.inner.values().map(|inner| inner.units).sum();
        if self.units > inside {
            let names: Vec<String> = way.iter().map(|name| visible(name).replace(';', ",")).collect();
            // Writing to a string can not fail.
            let _ = writeln!(out, "{} {}", names.join(";"), self.units - inside);
        }
        for (frame, inner) in &self.inner {
            way.push(&frame.name);
            inner.fold(way, out);
            way.pop();
        }
    }

    /// The picture.
    pub fn svg(&self) -> String {
        let height = HEAD + (self.depth() + 1) * ROW + MARGIN;
        let mut out = String::new();
        let size = (pixels(WIDTH + 2 * MARGIN), pixels(height));
        // Writing to a string can not fail.
        let _ = writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\">\n\
             <title>Compute units of the tests</title>\n<style>text{{font:11px monospace;fill:#111}}\
             .head{{font-size:14px}}rect{{stroke:#fff;stroke-width:.5}}g:hover rect{{stroke:#000}}</style>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text class=\"head\" x=\"{2}\" y=\"24\">Compute units of \
             the tests: {3} CU</text>",
            size.0,
            size.1,
            pixels(MARGIN),
            self.units
        );
        let mut picture = Picture { out, total: self.units.max(1), bottom: height - MARGIN - ROW };
        picture.frame("all", self, 0, 0);
        picture.out.push_str("</svg>\n");
        picture.out
    }
}

struct Picture {
    out: String,
    total: u64,
    /// Where the lowest frame begins.
    bottom: u64,
}

impl Picture {
    /// Draws a frame that begins after so many units, and those on it.
    fn frame(&mut self, name: &str, flame: &Flame, before: u64, level: u64) {
        let place = |units: u64| {
            u64::try_from(u128::from(units) * u128::from(WIDTH) / u128::from(self.total)).unwrap_or(WIDTH)
        };
        let (start, end) = (place(before), place(before + flame.units));
        let width = end.saturating_sub(start);
        if width < NARROWEST {
            return;
        }
        let (x, y) = (MARGIN + start, self.bottom.saturating_sub(level * ROW));
        let tenths = u128::from(flame.units) * 1000 / u128::from(self.total);
        let name = visible(name);
        let _ = write!(
            self.out,
            "<g><title>{}: {} CU, {}.{} %</title><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
            escaped(&name),
            flame.units,
            tenths / 10,
            tenths % 10,
            pixels(x),
            pixels(y),
            pixels(width),
            pixels(ROW),
            color(&name, level)
        );
        let room = usize::try_from(width.saturating_sub(600) / CHARACTER).unwrap_or(0);
        if room >= 3 {
            let mut text: String = name.chars().take(room).collect();
            if name.chars().nth(room).is_some() {
                text = name.chars().take(room - 1).chain(['…']).collect();
            }
            let (x, y) = (pixels(x + 300), pixels(y + 1_250));
            let _ = write!(self.out, "<text x=\"{x}\" y=\"{y}\">{}</text>", escaped(&text));
        }
        self.out.push_str("</g>\n");
        let mut before = before;
        for (frame, inner) in &flame.inner {
            self.frame(&frame.name, inner, before, level + 1);
            before += inner.units;
        }
    }
}

/// Hundredths of a pixel as pixels.
fn pixels(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A warm color that its name decides, so that the same frame looks the same everywhere.
fn color(name: &str, level: u64) -> String {
    if level == 0 {
        return "#dddddd".to_string();
    }
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("hsl({},{}%,{}%)", 15 + hash % 40, 75 + hash / 64 % 20, 62 + hash / 4096 % 14)
}

/// What could end the text, or turn its direction, is shown as a mark.
fn visible(text: &str) -> String {
    let mark = |character: char| match character {
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
            '\u{fffd}'
        }
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        '\t' => ' ',
        other if other.is_control() => '\u{fffd}',
        other => other,
    };
    text.chars().map(mark).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flame() -> Flame {
        let frame = |line: Option<u32>, name: &str| Frame { line, name: name.to_string() };
        let program = frame(None, "vault");
        let mut flame = Flame::default();
        let lines = [(9, "(if (< a b) \"x\";y"), (10, "(set! a 1)")];
        for (n, (line, text)) in lines.into_iter().enumerate() {
            let way =
                [program.clone(), frame(None, "entrypoint"), frame(Some(line), &format!("m:{line} {text}"))];
            flame.add(&way, 300 + 400 * n as u64);
        }
        flame.add(&[frame(None, "programs of the runtime")], 150);
        flame
    }

    #[test]
    fn ways_are_lines_in_the_order_of_the_source() {
        let text = flame().folded();
        let expected = "programs of the runtime 150\nvault;entrypoint;m:9 (if (< a b) \"x\",y 300\nvault;entrypoint;m:10 \
                        (set! a 1) 700\n";
        assert_eq!(text, expected);
        let sum: u64 =
            text.lines().map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
        assert_eq!(sum, flame().total());
    }

    #[test]
    fn parts_of_a_run_come_together() {
        let mut twice = flame();
        twice.merge(flame());
        assert_eq!(twice.total(), 2 * flame().total());
        assert_eq!(twice.folded().lines().count(), flame().folded().lines().count());
    }

    #[test]
    fn the_picture_is_what_it_was() {
        let picture = flame().svg();
        let golden = include_str!("flame.svg");
        assert_eq!(
            picture, golden,
            "the picture changed; if that is meant, write it to flame.svg:\n{picture}"
        );
    }

    #[test]
    fn nothing_in_a_name_ends_the_text() {
        let mut flame = Flame::default();
        let name = "a<b>&\"\u{1b}[31m\u{202e}\u{0}".to_string();
        flame.add(&[Frame { line: None, name }], 5);
        let picture = flame.svg();
        assert!(
            picture.contains("a&lt;b&gt;&amp;&quot;\u{fffd}[31m\u{fffd}\u{fffd}: 5 CU, 100.0 %"),
            "{picture}"
        );
        assert!(picture.chars().all(|character| character == '\n' || !character.is_control()));
        assert!(Flame::default().svg().ends_with("</svg>\n"));
    }
}

//! Numbers as English words, as Roman numerals, and in other radixes with groups of digits.

/// The names of the powers of a thousand.
const SCALES: &[&str] = &[
    "",
    "thousand",
    "million",
    "billion",
    "trillion",
    "quadrillion",
    "quintillion",
    "sextillion",
    "septillion",
    "octillion",
    "nonillion",
    "decillion",
];

const SMALL: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: &[&str] = &["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

fn word(list: &'static [&'static str], n: u128) -> &'static str {
    usize::try_from(n).ok().and_then(|n| list.get(n)).copied().unwrap_or("")
}

/// `one hundred twenty-three`; `None` if the number is too large for it.
pub(super) fn cardinal(number: i128) -> Option<String> {
    if number == 0 {
        return Some("zero".to_string());
    }
    let mut rest = number.unsigned_abs();
    let mut groups = Vec::new();
    let mut scale = 0;
    while rest > 0 {
        let group = rest % 1000;
        if group > 0 {
            let name = SCALES.get(scale)?;
            let mut text = hundreds(group);
            if !name.is_empty() {
                text.push(' ');
                text.push_str(name);
            }
            groups.push(text);
        }
        rest /= 1000;
        scale += 1;
    }
    groups.reverse();
    let text = groups.join(" ");
    Some(if number < 0 { format!("minus {text}") } else { text })
}

fn hundreds(number: u128) -> String {
    let mut parts = Vec::new();
    if number >= 100 {
        parts.push(format!("{} hundred", word(SMALL, number / 100)));
    }
    let rest = number % 100;
    if rest >= 20 {
        let ones = rest % 10;
        parts.push(match ones {
            0 => word(TENS, rest / 10).to_string(),
            ones => format!("{}-{}", word(TENS, rest / 10), word(SMALL, ones)),
        });
    } else if rest > 0 {
        parts.push(word(SMALL, rest).to_string());
    }
    parts.join(" ")
}

/// `one hundred twenty-third`.
pub(super) fn ordinal(number: i128) -> Option<String> {
    let cardinal = cardinal(number)?;
    let at = cardinal.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (before, last) = cardinal.split_at(at);
    let last = match last {
        "one" => "first".to_string(),
        "two" => "second".to_string(),
        "three" => "third".to_string(),
        "five" => "fifth".to_string(),
        "eight" => "eighth".to_string(),
        "nine" => "ninth".to_string(),
        "twelve" => "twelfth".to_string(),
        last => match last.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{last}th"),
        },
    };
    Some(format!("{before}{last}"))
}

/// `XIV`, or `XIIII` the old way; from 1 to 3999.
pub(super) fn roman(number: i128, old: bool) -> Option<String> {
    if !(1..=3999).contains(&number) {
        return None;
    }
    let new: &[(i128, &str)] = &[
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut rest = number;
    let mut text = String::new();
    for (value, numeral) in new.iter().filter(|(_, numeral)| !old || numeral.len() == 1) {
        while rest >= *value {
            text.push_str(numeral);
            rest -= value;
        }
    }
    Some(text)
}

/// Digits with a separator between groups, counted from the right; a sign stays in front.
pub(super) fn grouped(digits: &str, separator: char, size: usize) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits),
    };
    let count = digits.chars().count();
    let mut text = sign.to_string();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (count - n).is_multiple_of(size.max(1)) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

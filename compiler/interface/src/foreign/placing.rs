//! Where the fields of somebody else's record lie, and whether a record of ours has them there.
//!
//! Descriptions with fields one after the other, and our own aligned records, say it themselves. What C does follows from the
//! types of the fields: such a record becomes an aligned one of ours, or a packed one, if that has the same bytes. Start with
//! [`record`].

use super::room::Room;

/// How a description places the fields of a record.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Placing {
    /// One after the other.
    #[default]
    Packed,
    /// As our aligned records do.
    Aligned,
    /// As C does.
    C,
}

/// What a value of a type has to lie at a multiple of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Alignment {
    /// In our aligned records.
    pub(super) own: u32,
    /// In those of C; nothing if C has no such type.
    pub(super) c: Option<u32>,
}

impl Alignment {
    /// What C has, and lies anywhere.
    pub(super) const BYTE: Alignment = Alignment { own: 1, c: Some(1) };
    /// What C does not have.
    pub(super) const UNKNOWN: Alignment = Alignment { own: 1, c: None };

    /// An integer of so many bytes. On chain those of 16 bytes lie as words do.
    pub(super) fn integer(bytes: u32) -> Alignment {
        let bytes = bytes.clamp(1, 8);
        Alignment { own: bytes, c: Some(bytes) }
    }
}

/// The room of a record with fields of these rooms, and whether it is an aligned one of ours.
///
/// # Errors
/// C places the fields where no record of ours does, or does not have them.
pub(super) fn record(fields: &[Room], placing: Placing) -> Result<(Room, bool), String> {
    let parts = fields.iter().fold(1u32, |parts, field| parts.saturating_add(field.parts));
    let (packed, packed_end) = places(fields, |_| 1, 1);
    let (aligned, aligned_end) = places(fields, |field| field.alignment.own, 8);
    let room = |bytes: u32, own: u32, c: Option<u32>| Room { bytes, parts, alignment: Alignment { own, c } };
    match placing {
        Placing::Packed => Ok((room(packed_end, 1, None), false)),
        Placing::Aligned => Ok((room(aligned_end, 8, Some(8)), true)),
        Placing::C => {
            let all: Option<Vec<u32>> = fields.iter().map(|field| field.alignment.c).collect();
            let all = all.ok_or("it has fields that C does not have")?;
            let largest = all.iter().copied().max().unwrap_or(1);
            let (c, end) = places(fields, |field| field.alignment.c.unwrap_or(1), largest);
            let is_packed = (&c, end) == (&packed, packed_end);
            let is_aligned = (&c, end) == (&aligned, aligned_end);
            match (is_packed, is_aligned) {
                // In others it lies at multiples of 8, as there.
                (_, true) if largest == 8 => Ok((room(end, 8, Some(8)), true)),
                (true, _) => Ok((room(end, 1, Some(largest)), false)),
                (false, true) => Ok((room(end, 8, Some(largest)), true)),
                (false, false) => Err(format!(
                    "its fields lie where C places them, in {end} bytes, and no record of ours has them there"
                )),
            }
        }
    }
}

/// Where fields lie, and the size of all.
fn places(fields: &[Room], alignment: impl Fn(&Room) -> u32, whole: u32) -> (Vec<u32>, u32) {
    let up = |end: u32, to: u32| end.checked_next_multiple_of(to).unwrap_or(u32::MAX);
    let mut end = 0u32;
    let mut places = Vec::with_capacity(fields.len());
    for field in fields {
        let place = up(end, alignment(field));
        places.push(place);
        end = place.saturating_add(field.bytes);
    }
    (places, up(end, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integers(sizes: &[u32]) -> Vec<Room> {
        let room = |bytes: &u32| Room { bytes: *bytes, parts: 1, alignment: Alignment::integer(*bytes) };
        sizes.iter().map(room).collect()
    }

    #[test]
    fn what_c_places_as_we_do_is_taken() {
        let placed =
            |sizes: &[u32]| record(&integers(sizes), Placing::C).map(|(room, own)| (room.bytes, own));
        assert_eq!(placed(&[1, 8]), Ok((16, true)));
        assert_eq!(placed(&[8, 1, 2]), Ok((16, true)));
        assert_eq!(placed(&[8, 8]), Ok((16, true)));
        // They are as long, and lie at multiples of 4 in others.
        assert_eq!(placed(&[4, 2, 2]), Ok((8, false)));
        assert_eq!(placed(&[4, 1, 2]), Ok((8, true)));
        assert_eq!(
            placed(&[2, 1]).unwrap_err(),
            "its fields lie where C places them, in 4 bytes, and no record of ours has them there"
        );
        let option = Room { bytes: 9, parts: 2, alignment: Alignment::UNKNOWN };
        assert!(record(&[option], Placing::C).unwrap_err().contains("C does not have"));
    }

    #[test]
    fn a_record_has_the_alignment_of_its_largest_field() {
        let small = record(&integers(&[4, 2, 2]), Placing::C).unwrap().0;
        let byte = integers(&[1]).remove(0);
        // C has it at 4, and ours nowhere but at 1 or 8.
        assert!(record(&[byte, small], Placing::C).is_err());
        let (large, _) = record(&integers(&[8, 1]), Placing::C).unwrap();
        assert_eq!(record(&[byte, large], Placing::C).map(|(room, own)| (room.bytes, own)), Ok((24, true)));
    }
}

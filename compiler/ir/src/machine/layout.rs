//! The layout of a module's constants: one read-only image.

use crate::function::{Data, Module};
use ovsm_base::index::IndexVec;

/// Where each constant starts is a multiple of this.
pub const DATA_ALIGNMENT: usize = 8;

/// The read-only image of a module, and the offset in it of each constant. Constants stand in order, each at a
/// multiple of [`DATA_ALIGNMENT`], with zeros between; the image's length is such a multiple too.
pub fn data_layout(module: &Module) -> (Vec<u8>, IndexVec<Data, u32>) {
    let mut image = Vec::new();
    let mut offsets = IndexVec::new();
    for bytes in module.data.iter() {
        offsets.push(image.len() as u32);
        image.extend_from_slice(bytes);
        image.resize(image.len().next_multiple_of(DATA_ALIGNMENT), 0);
    }
    (image, offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_aligned_and_in_order() {
        let module = Module {
            data: [vec![1, 2, 3], vec![], vec![4; 8], vec![5]].into_iter().collect(),
            ..Module::default()
        };
        let (image, offsets) = data_layout(&module);
        assert_eq!(offsets.as_slice(), [0, 8, 8, 16]);
        assert_eq!(image, [1, 2, 3, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4, 5, 0, 0, 0, 0, 0, 0, 0]);
    }
}

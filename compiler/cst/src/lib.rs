//! Text to tokens to a lossless flat tree.

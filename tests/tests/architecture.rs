//! The rules of the house, held by what cargo says of it.

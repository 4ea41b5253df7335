//! Rejected inputs of the derives: each case in `derive/` beside the compiler's
//! output.

#[test]
fn errors_name_the_field_or_the_variant_and_the_way_out() {
    trybuild::TestCases::new().compile_fail("tests/derive/*.rs");
}

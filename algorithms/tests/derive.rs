//! What the derives reject, and with which words: each case in `derive/` beside what
//! the compiler prints.

#[test]
fn errors_name_the_field_or_the_variant_and_the_way_out() {
    trybuild::TestCases::new().compile_fail("tests/derive/*.rs");
}

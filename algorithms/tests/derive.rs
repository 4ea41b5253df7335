//! Rejected inputs of the derives, and algorithms with a common slip: each case in
//! `derive/` and `algorithm/` beside the compiler's output.

#[test]
fn errors_name_the_field_or_the_variant_and_the_way_out() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/derive/*.rs");
    cases.compile_fail("tests/algorithm/*.rs");
}

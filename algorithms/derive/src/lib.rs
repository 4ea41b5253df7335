//! `#[derive(Message)]`, `#[derive(Describe)]` and `#[derive(Output)]`: the trait
//! implementations of an algorithm's types.
//!
//! The attributes are documented at the traits of the same names, in `algorithms`.
//!
//! Derived code refers to the traits by an absolute path, and so there is a set of
//! derives for each crate that re-exports them: `algorithms`, `lab` (in `lab::own`) and
//! `testbed` (in `testbed::own`). A crate needs no dependency but the one from which it
//! imports the derives, and no attribute that names it.

mod attributes;
mod bounds;
mod describe;
mod item;
mod message;
mod names;
mod output;
mod wire;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{DeriveInput, parse_macro_input};

use item::Item;

/// Makes a struct or an enum a message, which travels as protobuf.
#[proc_macro_derive(Message, attributes(message))]
pub fn message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&quote!(::algorithms), &input, message::derive)
}

/// Describes a value by its fields, under their names.
#[proc_macro_derive(Describe, attributes(describe))]
pub fn describe(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&quote!(::algorithms), &input, describe::derive)
}

/// Makes a struct or an enum an output: its kind is its name, or the variant's.
#[proc_macro_derive(Output, attributes(output))]
pub fn output(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&quote!(::algorithms), &input, output::derive)
}

/// `Message` for crates that depend on `lab`.
#[proc_macro_derive(LabMessage, attributes(message))]
pub fn lab_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&quote!(::lab::own), &input, message::derive)
}

/// `Describe` for crates that depend on `lab`.
#[proc_macro_derive(LabDescribe, attributes(describe))]
pub fn lab_describe(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&quote!(::lab::own), &input, describe::derive)
}

/// `Output` for crates that depend on `lab`.
#[proc_macro_derive(LabOutput, attributes(output))]
pub fn lab_output(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&quote!(::lab::own), &input, output::derive)
}

/// `Message` for crates that depend on `testbed`.
#[proc_macro_derive(TestbedMessage, attributes(message))]
pub fn testbed_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&quote!(::testbed::own), &input, message::derive)
}

/// `Describe` for crates that depend on `testbed`.
#[proc_macro_derive(TestbedDescribe, attributes(describe))]
pub fn testbed_describe(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&quote!(::testbed::own), &input, describe::derive)
}

/// `Output` for crates that depend on `testbed`.
#[proc_macro_derive(TestbedOutput, attributes(output))]
pub fn testbed_output(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&quote!(::testbed::own), &input, output::derive)
}

/// The code of one derive. In it `derived` is the module of `root` with everything that
/// derived code refers to.
fn expand(
    root: &Tokens,
    input: &DeriveInput,
    derive: impl Fn(&Item) -> syn::Result<Tokens>,
) -> TokenStream {
    let impls = Item::parse(input).and_then(|item| derive(&item));
    let impls = impls.unwrap_or_else(|error| error.to_compile_error());
    let expanded = quote! {
        #[allow(unused_variables, clippy::all)]
        const _: () = {
            #[allow(unused_imports)]
            use #root::derived;
            #impls
        };
    };
    expanded.into()
}

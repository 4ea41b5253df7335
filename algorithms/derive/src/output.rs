//! `#[derive(Output)]`: the kind is the name of the struct or of the variant.

use proc_macro2::TokenStream as Tokens;
use quote::quote;

use crate::attributes::is_application_output;
use crate::bounds;
use crate::item::{Body, Item, Variant};

pub(crate) fn derive(item: &Item<'_>) -> syn::Result<Tokens> {
    let (mut applications, mut arms) = (Vec::new(), Vec::new());
    match &item.body {
        Body::Struct(_) => {
            let kind = item.name.to_string();
            arms.push(quote!(Self { .. } => #kind));
        }
        Body::Enum(variants) => {
            for variant in variants {
                arms.push(arm(variant)?);
            }
        }
    }
    for field in item.fields() {
        if is_application_output(field.attributes)? {
            applications.push((field.ty, quote!(derived::Output)));
        }
    }
    let name = item.name;
    let (generics, arguments, _) = item.generics.split_for_impl();
    let clause = bounds::clause(item, applications);
    Ok(quote! {
        #[automatically_derived]
        impl #generics derived::Output for #name #arguments #clause {
            fn kind(&self) -> &'static str {
                match self { #(#arms,)* }
            }
        }
    })
}

fn arm(variant: &Variant<'_>) -> syn::Result<Tokens> {
    let name = variant.name;
    for field in &variant.fields {
        if is_application_output(field.attributes)? {
            let member = &field.member;
            return Ok(quote!(Self::#name { #member: inner, .. } => derived::Output::kind(inner)));
        }
    }
    let kind = name.to_string();
    Ok(quote!(Self::#name { .. } => #kind))
}

//! Bounds on type parameters in derived code: fields that contain a type parameter have
//! to implement the traits that the code calls.

use proc_macro2::{TokenStream as Tokens, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{Type, WhereClause};

use crate::item::Item;

/// The item's own where clause, and `bound` for each of `types` that contains one of
/// its type parameters.
pub(crate) fn clause<'a>(
    item: &Item<'_>,
    types: impl IntoIterator<Item = (&'a Type, Tokens)>,
) -> WhereClause {
    let own = item.generics.where_clause.clone();
    let mut clause = own.unwrap_or_else(|| syn::parse_quote!(where));
    let parameters: Vec<_> = item
        .generics
        .type_params()
        .map(|p| p.ident.to_string())
        .collect();
    for (ty, bound) in types {
        if contains(ty.to_token_stream(), &parameters) {
            let predicate = quote!(#ty: #bound);
            clause.predicates.push(syn::parse_quote!(#predicate));
        }
    }
    clause
}

fn contains(tokens: Tokens, parameters: &[String]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(name) => parameters.iter().any(|parameter| name == parameter),
        TokenTree::Group(group) => contains(group.stream(), parameters),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

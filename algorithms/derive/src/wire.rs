//! The code that writes and reads protobuf.
//!
//! A message that is only partly decoded is its *partial*: a list of the partials of
//! its fields, as nested pairs. The partial of a oneof is the tag that came last, and a
//! list of the partials of all variants.

use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, Type, WhereClause};

use crate::item::Item;

/// A field of a protobuf message.
pub(crate) struct Part {
    pub(crate) member: syn::Member,
    pub(crate) variable: Ident,
    pub(crate) ty: Type,
    /// It travels as the bytes of the application's message.
    pub(crate) is_application: bool,
    pub(crate) tag: u32,
}

/// A variant in a oneof.
pub(crate) struct OneOf {
    pub(crate) path: Tokens,
    pub(crate) tag: u32,
    pub(crate) member: Member,
}

/// How a variant is encoded in the oneof.
pub(crate) enum Member {
    /// Its only field.
    Direct(Box<Part>),
    /// A message of its fields.
    Nested(Vec<Part>),
}

/// How a type is written and read.
pub(crate) struct Shape {
    partial: Tokens,
    /// Arms of a match over the value.
    encode: Vec<Tokens>,
    /// Arms of a match over the tag.
    merge: Vec<Tokens>,
    /// The expression that turns `partial` into a value, if it is complete.
    finish: Tokens,
}

/// A message with fields.
pub(crate) fn plain(parts: &[Part]) -> Shape {
    let (pattern, encode) = (pattern(parts), encode(parts));
    Shape {
        partial: partial(parts),
        encode: vec![quote!(Self { #pattern } => { #encode })],
        merge: merge(parts, &quote!(partial)),
        finish: finish(parts, &quote!(Self)),
    }
}

/// A message with a oneof, of which one variant is set.
pub(crate) fn one_of(variants: &[OneOf]) -> Shape {
    let mut shape = Shape {
        partial: quote!(()),
        encode: Vec::new(),
        merge: Vec::new(),
        finish: Tokens::new(),
    };
    let mut finish_arms = Vec::new();
    for (index, variant) in variants.iter().enumerate() {
        let OneOf { path, tag, member } = variant;
        let place = place(quote!(partial.1), index);
        let (encode, merge, finish) = match member {
            Member::Direct(part) => {
                let (pattern, value) = (pattern(std::slice::from_ref(part)), part.value());
                let (of, new) = (part.of("Single"), part.construct("Single"));
                let (member, variable) = (&part.member, &part.variable);
                (
                    quote_spanned!(part.ty.span()=> #path { #pattern } => derived::member(#value, #tag, buf)),
                    quote!(#of::merge(&mut #place, key, input)),
                    quote!({ let #variable = partial; ::std::option::Option::Some(#path { #member: #new }) }),
                )
            }
            Member::Nested(parts) => {
                let (pattern, encode) = (pattern(parts), encode(parts));
                let arms = merge(parts, &place);
                (
                    quote!(#path { #pattern } => derived::nested(#tag, buf, |buf| { #encode })),
                    quote!(input.nested(key)?.each(|key, input| match key.tag {
                        #(#arms,)*
                        _ => input.skip(key),
                    })),
                    finish(parts, path),
                )
            }
        };
        shape.encode.push(encode);
        shape.merge.push(quote!(#tag => {
            if partial.0 != #tag {
                partial.0 = #tag;
                #place = ::std::default::Default::default();
            }
            #merge
        }));
        finish_arms.push(quote!(#tag => { let partial = #place; #finish }));
    }
    for variant in variants.iter().rev() {
        let (rest, own) = (&shape.partial, variant.member.partial());
        shape.partial = quote!((#own, #rest));
    }
    let all = &shape.partial;
    shape.partial = quote!((u32, #all));
    shape.finish = quote!(match partial.0 {
        #(#finish_arms,)*
        _ => ::std::option::Option::None,
    });
    shape
}

impl Shape {
    /// The implementation of `Body`.
    pub(crate) fn body(
        &self,
        item: &Item<'_>,
        clause: WhereClause,
        check: Option<&Expr>,
    ) -> Tokens {
        let Self {
            partial,
            encode,
            merge,
            finish,
        } = self;
        let name = item.name;
        let (generics, arguments, _) = item.generics.split_for_impl();
        let check = check.map(|check| quote!(.filter(#check)));
        quote! {
            #[automatically_derived]
            impl #generics derived::Body for #name #arguments #clause {
                type Partial = #partial;

                fn encode(&self, buf: &mut ::std::vec::Vec<u8>) {
                    match self { #(#encode,)* }
                }

                fn merge(
                    partial: &mut Self::Partial,
                    key: derived::Key,
                    input: &mut derived::Input,
                ) -> ::std::option::Option<()> {
                    match key.tag {
                        #(#merge,)*
                        _ => input.skip(key),
                    }
                }

                fn finish(partial: Self::Partial) -> ::std::option::Option<Self> {
                    let whole: ::std::option::Option<Self> = #finish;
                    whole #check
                }
            }
        }
    }
}

impl Member {
    fn partial(&self) -> Tokens {
        match self {
            Self::Direct(part) => part.partial("Single"),
            Self::Nested(parts) => partial(parts),
        }
    }
}

impl Part {
    /// The type as a `trait`, `<u64 as Wire>`. Errors about it point to the field.
    fn of(&self, trait_: &str) -> Tokens {
        let (ty, trait_) = (&self.ty, format_ident!("{trait_}"));
        match self.is_application {
            true => quote!(<derived::Bytes as derived::#trait_>),
            false => quote_spanned!(ty.span()=> <#ty as derived::#trait_>),
        }
    }

    /// The type of its partial.
    fn partial(&self, trait_: &str) -> Tokens {
        let of = self.of(trait_);
        quote_spanned!(self.ty.span()=> #of::Partial)
    }

    /// The value that is written.
    fn value(&self) -> Tokens {
        let variable = &self.variable;
        match self.is_application {
            true => quote!(&derived::Message::to_payload(#variable)),
            false => quote!(#variable),
        }
    }

    /// Builds the value from the partial in its variable. Returns from the function if the
    /// partial is incomplete.
    fn construct(&self, trait_: &str) -> Tokens {
        let (of, variable) = (self.of(trait_), &self.variable);
        let value = quote!(#of::finish(#variable)?);
        match self.is_application {
            true => quote!(derived::Message::from_payload(#value)?),
            false => value,
        }
    }
}

fn pattern(parts: &[Part]) -> Tokens {
    let all = parts.iter().map(
        |Part {
             member, variable, ..
         }| quote!(#member: #variable),
    );
    quote!(#(#all),*)
}

fn encode(parts: &[Part]) -> Tokens {
    let all = parts.iter().map(|part| {
        let (value, tag) = (part.value(), part.tag);
        let of = part.of("Wire");
        quote!(#of::encode(#value, #tag, buf);)
    });
    quote!(#(#all)*)
}

fn partial(parts: &[Part]) -> Tokens {
    parts.iter().rev().fold(quote!(()), |rest, part| {
        let own = part.partial("Wire");
        quote!((#own, #rest))
    })
}

fn merge(parts: &[Part], of: &Tokens) -> Vec<Tokens> {
    let arm = |(index, part): (usize, &Part)| {
        let (place, of, tag) = (place(of.clone(), index), part.of("Wire"), part.tag);
        quote!(#tag => #of::merge(&mut #place, key, input))
    };
    parts.iter().enumerate().map(arm).collect()
}

/// A value of `path`, whose parts are in the variable `partial`.
fn finish(parts: &[Part], path: &Tokens) -> Tokens {
    let variables = parts.iter().rev().fold(quote!(()), |rest, part| {
        let variable = &part.variable;
        quote!((#variable, #rest))
    });
    let fields = parts.iter().map(|part| {
        let (member, new) = (&part.member, part.construct("Wire"));
        quote!(#member: #new)
    });
    quote!({ let #variables = partial; ::std::option::Option::Some(#path { #(#fields),* }) })
}

/// The element of that index in nested pairs.
fn place(pairs: Tokens, index: usize) -> Tokens {
    let rest = (0..index).fold(pairs, |pairs, _| quote!(#pairs.1));
    quote!(#rest.0)
}

//! `#[derive(Describe)]`: a value's fields, under their names.

use proc_macro2::TokenStream as Tokens;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{GenericArgument, Member, PathArguments, Type};

use crate::attributes::OfDescribed;
use crate::item::{Body, Field, Item, Variant};
use crate::{bounds, names};

pub(crate) fn derive(item: &Item<'_>) -> syn::Result<Tokens> {
    let arms = match &item.body {
        Body::Struct(fields) => vec![arm(&quote!(Self), fields)?],
        Body::Enum(variants) => {
            let arm = |variant: &Variant<'_>| {
                let name = variant.name;
                arm(&quote!(Self::#name), &variant.fields)
            };
            variants.iter().map(arm).collect::<syn::Result<_>>()?
        }
    };
    let mut bounds = Vec::new();
    for field in item.fields() {
        match how(field)? {
            How::Skip | How::Value(_, Some(_)) => {}
            How::Flatten | How::Unnamed | How::Value(_, None) => {
                bounds.push((field.ty, quote!(derived::Describe)));
            }
        }
    }
    let recover = recover(item)?;
    let name = item.name;
    let (generics, arguments, _) = item.generics.split_for_impl();
    let clause = bounds::clause(item, bounds);
    let as_field = as_field(item)?;
    Ok(quote! {
        #[automatically_derived]
        impl #generics derived::Describe for #name #arguments #clause {
            fn describe(&self, fields: &mut derived::Fields) {
                match self { #(#arms)* }
            }

            #as_field

            #recover
        }
    })
}

/// How a field is described.
enum How {
    Skip,
    /// By its own fields.
    Flatten,
    /// It has no name: by its own fields, or as a single value.
    Unnamed,
    /// By a value of that name; the function, if any, computes it.
    Value(String, Option<syn::Expr>),
}

/// How a field is described, by its attributes and its name.
fn how(field: &Field<'_>) -> syn::Result<How> {
    let of = OfDescribed::parse(field.attributes)?;
    let named = of.name.is_some() || of.with.is_some();
    if (of.is_skipped && (named || of.is_flattened)) || (of.is_flattened && named) {
        let why = format!(
            "field {} has attributes that exclude each other; `skip` and `flatten` stand alone",
            field.shown()
        );
        return Err(field.error(why));
    }
    if let Some((ty, instead)) = nondeterministic(field.ty) {
        return Err(field.error(format!(
            "field {} is {ty}, whose value can differ between runs of one seed; {instead}",
            field.shown()
        )));
    }
    let name = match (&of.name, &field.member) {
        (Some(name), _) => Some(name.value()),
        (None, Member::Named(name)) => Some(name.to_string()),
        (None, Member::Unnamed(_)) => None,
    };
    match name {
        _ if of.is_skipped => Ok(How::Skip),
        Some(name) if !of.is_flattened => Ok(How::Value(name, of.with)),
        None if of.with.is_some() => Err(field.error(format!(
            "field {} has `with` and no name; add `name = \"...\"`",
            field.shown()
        ))),
        _ if of.is_flattened => Ok(How::Flatten),
        Some(_) | None => Ok(How::Unnamed),
    }
}

/// A type by whose values runs of one seed could differ, and what to take instead. It may
/// stand inside of another, as in `Option<f64>`.
fn nondeterministic(ty: &Type) -> Option<(&'static str, &'static str)> {
    let last = match ty {
        Type::Path(path) => path.path.segments.last()?,
        Type::Tuple(tuple) => return tuple.elems.iter().find_map(nondeterministic),
        Type::Array(array) => return nondeterministic(&array.elem),
        _ => return None,
    };
    Some(match last.ident.to_string().as_str() {
        "f32" | "f64" => (
            "a float",
            "take a Fraction, or an integer of a small unit, such as thousandths",
        ),
        "HashMap" => ("a HashMap", "take a BTreeMap"),
        "HashSet" => ("a HashSet", "take a BTreeSet"),
        "Instant" | "SystemTime" => (
            "a time of day",
            "take a Duration; time passes in timers (`out.set_timer`)",
        ),
        _ => {
            let PathArguments::AngleBracketed(inner) = &last.arguments else {
                return None;
            };
            return inner.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => nondeterministic(ty),
                _ => None,
            });
        }
    })
}

fn arm(path: &Tokens, fields: &[Field<'_>]) -> syn::Result<Tokens> {
    let (mut patterns, mut calls) = (Vec::new(), Vec::new());
    for field in fields {
        let (member, variable) = (&field.member, field.variable());
        let call = match how(field)? {
            How::Skip => continue,
            How::Unnamed => {
                let (ty, place) = (field.ty, field.place(fields.len()));
                quote_spanned!(ty.span()=> <#ty as derived::Describe>::describe_unnamed(#variable, #place, fields);)
            }
            How::Flatten => quote!(derived::Describe::describe(#variable, fields);),
            How::Value(name, None) => {
                let ty = field.ty;
                quote_spanned!(ty.span()=> <#ty as derived::Describe>::describe_as(#variable, #name, fields);)
            }
            How::Value(name, Some(with)) => {
                quote!(derived::Describe::describe_as(&(#with)(#variable), #name, fields);)
            }
        };
        patterns.push(quote!(#member: #variable));
        calls.push(call);
    }
    Ok(quote!(#path { #(#patterns,)* .. } => { #(#calls)* let _ = fields; }))
}

/// Takes over the durable fields of a stored state, if there are any.
fn recover(item: &Item<'_>) -> syn::Result<Option<Tokens>> {
    let body = match &item.body {
        Body::Struct(fields) => {
            let all = fields.iter().map(recovered);
            let all: Vec<_> = all.collect::<syn::Result<_>>()?;
            let all: Tokens = all.into_iter().flatten().collect();
            (!all.is_empty()).then_some(all)
        }
        Body::Enum(variants) => {
            let arms = variants.iter().map(recovered_variant);
            let arms: Vec<_> = arms.collect::<syn::Result<_>>()?;
            let arms: Tokens = arms.into_iter().flatten().collect();
            (!arms.is_empty()).then(|| quote!(match (self, stored) { #arms _ => {} }))
        }
    };
    Ok(body.map(|body| {
        quote! {
            #[allow(unreachable_patterns)]
            fn recover(&mut self, stored: &Self) {
                #body
            }
        }
    }))
}

/// How a field of a struct is taken over: as it is, or its own durable fields.
fn recovered(field: &Field<'_>) -> syn::Result<Option<Tokens>> {
    let member = &field.member;
    if OfDescribed::parse(field.attributes)?.is_durable {
        return Ok(Some(quote! {
            ::core::clone::Clone::clone_from(&mut self.#member, &stored.#member);
        }));
    }
    let has_own = matches!(how(field)?, How::Flatten | How::Unnamed);
    Ok(has_own.then(|| quote!(derived::Describe::recover(&mut self.#member, &stored.#member);)))
}

/// The same of a variant, whose fields can have durable fields and cannot be some.
fn recovered_variant(variant: &Variant<'_>) -> syn::Result<Option<Tokens>> {
    let (mut new, mut old, mut calls) = (Tokens::new(), Tokens::new(), Tokens::new());
    for (place, field) in variant.fields.iter().enumerate() {
        if OfDescribed::parse(field.attributes)?.is_durable {
            return Err(field.error(format!(
                "field {} of an enum cannot be durable; make the enum a durable field of the \
                 state's struct",
                field.shown()
            )));
        }
        if matches!(how(field)?, How::Flatten | How::Unnamed) {
            let member = &field.member;
            let [mine, theirs] = ["new", "old"].map(|name| quote::format_ident!("{name}_{place}"));
            new.extend(quote!(#member: #mine,));
            old.extend(quote!(#member: #theirs,));
            calls.extend(quote!(derived::Describe::recover(#mine, #theirs);));
        }
    }
    let name = variant.name;
    Ok((!calls.is_empty())
        .then(|| quote!((Self::#name { #new .. }, Self::#name { #old .. }) => { #calls })))
}

/// How the whole is a field: an enum is the name of its variant and the fields of that
/// variant, and a struct with a single field that has no name is that field.
fn as_field(item: &Item<'_>) -> syn::Result<Option<Tokens>> {
    let body = match &item.body {
        Body::Enum(variants) => {
            let arms = variants.iter().map(|variant| {
                let (name, text) = (variant.name, names::snake(&variant.name.to_string()));
                quote!(Self::#name { .. } => #text)
            });
            quote! {
                fields.text(name, match self { #(#arms,)* });
                derived::Describe::describe(self, fields);
            }
        }
        Body::Struct(fields) => match &fields[..] {
            [field] if matches!(how(field)?, How::Unnamed) => {
                quote!(derived::Describe::describe_as(&self.0, name, fields);)
            }
            _ => return Ok(None),
        },
    };
    Ok(Some(quote! {
        fn describe_as(&self, name: &'static str, fields: &mut derived::Fields) {
            #body
        }
    }))
}

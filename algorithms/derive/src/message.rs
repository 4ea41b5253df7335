//! `#[derive(Message)]`: the kind, the role, and the encoding.

use std::collections::BTreeMap;

use proc_macro2::{Span, TokenStream as Tokens};
use quote::{format_ident, quote};
use syn::{Error, LitStr};

use crate::attributes::{OfField, OfMessage, OfVariant, Tag};
use crate::item::{Body, Field, Item};
use crate::wire::{self, Member, OneOf, Part};
use crate::{bounds, names};

/// The longest kind, in bytes: `proto::MAX_KIND`.
const MAX_KIND: usize = 64;

pub(crate) fn derive(item: &Item<'_>) -> syn::Result<Tokens> {
    let of = match &item.body {
        Body::Struct(_) => OfMessage::of_struct(item.attributes)?,
        Body::Enum(_) => OfMessage::of_enum(item.attributes)?,
    };
    let (shape, arms) = match &item.body {
        Body::Struct(fields) => {
            let arms = Arms::read(&quote!(Self), item.name, fields, &of.of_variant)?;
            let shape = match of.of_variant.tag {
                None => wire::plain(&parts(item.name, fields)?),
                Some(tag) => wire::one_of(&[OneOf {
                    path: quote!(Self),
                    tag: tag.number,
                    member: Member::Nested(parts(item.name, fields)?),
                }]),
            };
            (shape, vec![arms])
        }
        Body::Enum(variants) => {
            let (mut one_of, mut all) = (Vec::new(), Vec::new());
            let tags = tags(item)?;
            for (variant, tag) in variants.iter().zip(tags) {
                let (name, fields) = (variant.name, &variant.fields);
                let path = quote!(Self::#name);
                let of = OfVariant::parse(variant.attributes)?;
                all.push(Arms::read(&path, name, fields, &of)?);
                let member = member(name, fields)?;
                one_of.push(OneOf { path, tag, member });
            }
            (wire::one_of(&one_of), all)
        }
    };
    let (kinds, roles) = arms.into_iter().map(|arms| (arms.kind, arms.role)).unzip();
    let message = (!of.is_nested).then(|| message(item, kinds, roles));
    let message = message.transpose()?;
    let body = shape.body(item, clause(item)?, of.check.as_ref());
    Ok(quote!(#body #message))
}

/// The bounds on type parameters: messages, or parts of one.
fn clause(item: &Item<'_>) -> syn::Result<syn::WhereClause> {
    let mut all = Vec::new();
    for field in item.fields() {
        let bound = match OfField::parse(field.attributes)?.is_application {
            true => quote!(derived::Message),
            false => quote!(derived::Wire),
        };
        all.push((field.ty, bound));
    }
    Ok(bounds::clause(item, all))
}

fn message(item: &Item<'_>, kinds: Vec<Tokens>, roles: Vec<Tokens>) -> syn::Result<Tokens> {
    let name = item.name;
    let (generics, arguments, _) = item.generics.split_for_impl();
    let clause = clause(item)?;
    Ok(quote! {
        #[automatically_derived]
        impl #generics derived::Message for #name #arguments #clause {
            fn kind(&self) -> &'static str {
                match self { #(#kinds,)* }
            }

            fn role(&self) -> derived::Role {
                match self { #(#roles,)* }
            }

            fn to_payload(&self) -> derived::Bytes {
                derived::encode(self)
            }

            fn from_payload(payload: derived::Bytes) -> ::std::option::Option<Self> {
                derived::decode(payload)
            }
        }
    })
}

/// The match arms that a variant, or a struct, adds to `kind` and to `role`.
struct Arms {
    kind: Tokens,
    role: Tokens,
}

impl Arms {
    fn read(
        path: &Tokens,
        name: &syn::Ident,
        fields: &[Field<'_>],
        of: &OfVariant,
    ) -> syn::Result<Self> {
        let mut applications = Vec::new();
        for field in fields {
            if OfField::parse(field.attributes)?.is_application {
                applications.push(field);
            }
        }
        if let [_, second, ..] = &applications[..] {
            let why = format!("`{name}` holds a second message of an application; it forwards one");
            return Err(second.error(why));
        }
        if let Some(field) = applications.first() {
            if of.kind.is_some() || of.role.is_some() {
                let why = format!(
                    "`{name}` has the kind and the role of the application's message; remove its own"
                );
                return Err(Error::new(name.span(), why));
            }
            let member = &field.member;
            return Ok(Self {
                kind: quote!(#path { #member: inner, .. } => derived::Message::kind(inner)),
                role: quote!(#path { #member: inner, .. } => derived::Message::role(inner)),
            });
        }
        let kind = kind(name, of.kind.as_ref())?;
        let role = format_ident!("{}", of.role.unwrap_or("OneWay"));
        Ok(Self {
            kind: quote!(#path { .. } => #kind),
            role: quote!(#path { .. } => derived::Role::#role),
        })
    }
}

fn kind(name: &syn::Ident, renamed: Option<&LitStr>) -> syn::Result<String> {
    let kind = renamed.map_or_else(|| names::kind(&name.to_string()), LitStr::value);
    if kind.is_empty() || kind.len() > MAX_KIND {
        let span = renamed.map_or_else(|| name.span(), LitStr::span);
        let why = format!(
            "`{name}` has a kind of {} bytes, and a kind has 1 to {MAX_KIND}; write `#[message(kind = \"...\")]`",
            kind.len()
        );
        return Err(Error::new(span, why));
    }
    Ok(kind)
}

/// The tags of the variants of an enum.
fn tags(item: &Item<'_>) -> syn::Result<Vec<u32>> {
    let Body::Enum(variants) = &item.body else {
        return Ok(Vec::new());
    };
    let mut all = Vec::new();
    for variant in variants {
        let tag = OfVariant::parse(variant.attributes)?.tag;
        all.push((
            format!("variant `{}`", variant.name),
            variant.name.span(),
            tag,
        ));
    }
    distinct(all)
}

/// The fields of a struct, or of a variant that is a message of its own.
fn parts(of: &syn::Ident, fields: &[Field<'_>]) -> syn::Result<Vec<Part>> {
    let mut all = Vec::new();
    for field in fields {
        let tag = OfField::parse(field.attributes)?.tag;
        let shown = format!("field {} of `{of}`", field.shown());
        all.push((shown, syn::spanned::Spanned::span(&field.member), tag));
    }
    let tags = distinct(all)?;
    let parts = fields.iter().zip(tags);
    let mut parts = parts
        .map(|(field, tag)| part(field, tag))
        .collect::<syn::Result<Vec<_>>>()?;
    // Protobuf encoders write fields in the order of their tags.
    parts.sort_by_key(|part| part.tag);
    Ok(parts)
}

/// A variant with a single field that has no tag is that field in the oneof. Any
/// other variant is a nested message.
fn member(name: &syn::Ident, fields: &[Field<'_>]) -> syn::Result<Member> {
    if let [field] = fields
        && OfField::parse(field.attributes)?.tag.is_none()
    {
        return Ok(Member::Direct(Box::new(part(field, 0)?)));
    }
    Ok(Member::Nested(parts(name, fields)?))
}

fn part(field: &Field<'_>, tag: u32) -> syn::Result<Part> {
    Ok(Part {
        member: field.member.clone(),
        variable: field.variable(),
        ty: field.ty.clone(),
        is_application: OfField::parse(field.attributes)?.is_application,
        tag,
    })
}

/// The tags, if each item has one and no two are the same. The strings name the items in
/// errors.
fn distinct(all: Vec<(String, Span, Option<Tag>)>) -> syn::Result<Vec<u32>> {
    let free = all
        .iter()
        .filter_map(|(_, _, tag)| Some(tag.as_ref()?.number));
    let free = free.max().unwrap_or(0) + 1;
    let (mut tags, mut owners) = (Vec::new(), BTreeMap::new());
    for (shown, span, tag) in all {
        let Some(tag) = tag else {
            let why = format!(
                "{shown} has no tag; write `#[message(tag = {free})]`: the number that stands for it on the wire"
            );
            return Err(Error::new(span, why));
        };
        if let Some(other) = owners.insert(tag.number, shown.clone()) {
            let why = format!(
                "{shown} has the tag {} of {other}; write `#[message(tag = {free})]`",
                tag.number
            );
            return Err(Error::new(tag.span, why));
        }
        tags.push(tag.number);
    }
    Ok(tags)
}

//! The input of a derive, in one form for structs and enums.

use syn::spanned::Spanned as _;
use syn::{Attribute, Data, DeriveInput, Error, Generics, Ident, Index, Member, Type};

/// A struct, or an enum.
pub(crate) struct Item<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) generics: &'a Generics,
    pub(crate) attributes: &'a [Attribute],
    pub(crate) body: Body<'a>,
}

/// The fields of a struct, or the variants of an enum.
pub(crate) enum Body<'a> {
    Struct(Vec<Field<'a>>),
    Enum(Vec<Variant<'a>>),
}

/// A variant of an enum.
pub(crate) struct Variant<'a> {
    pub(crate) name: &'a Ident,
    pub(crate) attributes: &'a [Attribute],
    pub(crate) fields: Vec<Field<'a>>,
}

/// A field of a struct or of a variant.
pub(crate) struct Field<'a> {
    /// Its name, or its index.
    pub(crate) member: Member,
    pub(crate) attributes: &'a [Attribute],
    pub(crate) ty: &'a Type,
}

impl<'a> Item<'a> {
    pub(crate) fn parse(input: &'a DeriveInput) -> syn::Result<Self> {
        let body = match &input.data {
            Data::Struct(data) => Body::Struct(fields(&data.fields)),
            Data::Enum(data) if data.variants.is_empty() => {
                let why = "an enum without variants has no values; add a variant";
                return Err(Error::new(input.ident.span(), why));
            }
            Data::Enum(data) => {
                let variant = |variant: &'a syn::Variant| Variant {
                    name: &variant.ident,
                    attributes: &variant.attrs,
                    fields: fields(&variant.fields),
                };
                Body::Enum(data.variants.iter().map(variant).collect())
            }
            Data::Union(_) => {
                let why = "a union does not record which of its fields it holds; use an enum";
                return Err(Error::new(input.ident.span(), why));
            }
        };
        Ok(Self {
            name: &input.ident,
            generics: &input.generics,
            attributes: &input.attrs,
            body,
        })
    }

    /// All fields, of all variants.
    pub(crate) fn fields(&self) -> Vec<&Field<'a>> {
        match &self.body {
            Body::Struct(fields) => fields.iter().collect(),
            Body::Enum(variants) => variants.iter().flat_map(|v| &v.fields).collect(),
        }
    }
}

impl Field<'_> {
    /// As errors name it: `` `id` ``, or `` `0` `` in a tuple.
    pub(crate) fn shown(&self) -> String {
        match &self.member {
            Member::Named(name) => format!("`{name}`"),
            Member::Unnamed(index) => format!("`{}`", index.index),
        }
    }

    /// The variable that holds it in derived code.
    pub(crate) fn variable(&self) -> Ident {
        match &self.member {
            Member::Named(name) => quote::format_ident!("field_{name}"),
            Member::Unnamed(index) => quote::format_ident!("field_{}", index.index),
        }
    }

    /// The name in a description of a value without a name: its index, unless it is the
    /// only one of `count` fields.
    pub(crate) fn place(&self, count: usize) -> String {
        match &self.member {
            Member::Unnamed(index) if count > 1 => index.index.to_string(),
            _ => "value".to_owned(),
        }
    }

    pub(crate) fn error(&self, why: impl std::fmt::Display) -> Error {
        Error::new(self.member.span(), why)
    }
}

fn fields(fields: &syn::Fields) -> Vec<Field<'_>> {
    let mut all = Vec::new();
    for (index, field) in (0..).zip(fields) {
        let span = field.ty.span();
        let name = field.ident.clone().map(Member::Named);
        all.push(Field {
            member: name.unwrap_or(Member::Unnamed(Index { index, span })),
            attributes: &field.attrs,
            ty: &field.ty,
        });
    }
    all
}

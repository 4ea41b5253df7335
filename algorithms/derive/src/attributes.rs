//! The attributes of the derives, read and checked.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, Expr, LitInt, LitStr};

/// Reads the attributes `#[name(...)]`. `read` returns whether it recognized an
/// attribute and consumed it; `known` lists the attributes for the error message.
fn read(
    attributes: &[Attribute],
    name: &str,
    known: &str,
    mut read: impl FnMut(&ParseNestedMeta<'_>) -> syn::Result<bool>,
) -> syn::Result<()> {
    let own = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name));
    for attribute in own {
        attribute.parse_nested_meta(|meta| {
            if read(&meta)? {
                return Ok(());
            }
            let path = &meta.path;
            let path = quote::quote!(#path).to_string();
            Err(meta.error(format!("unknown attribute `{path}`; known here: {known}")))
        })?;
    }
    Ok(())
}

/// Attributes of a message that is a struct, or of the enum itself.
#[derive(Default)]
pub(crate) struct OfMessage {
    pub(crate) of_variant: OfVariant,
    /// The type is a field of messages, and not a message itself.
    pub(crate) is_nested: bool,
    /// The predicate that a decoded message has to fulfil.
    pub(crate) check: Option<Expr>,
}

/// Attributes of a variant of a message, or of a message that is a struct.
#[derive(Default)]
pub(crate) struct OfVariant {
    pub(crate) tag: Option<Tag>,
    pub(crate) kind: Option<LitStr>,
    pub(crate) role: Option<&'static str>,
}

/// Attributes of a field of a message.
#[derive(Default)]
pub(crate) struct OfField {
    pub(crate) tag: Option<Tag>,
    pub(crate) is_application: bool,
}

/// Attributes of a described field.
#[derive(Default)]
pub(crate) struct OfDescribed {
    pub(crate) name: Option<LitStr>,
    pub(crate) with: Option<Expr>,
    pub(crate) is_skipped: bool,
    pub(crate) is_flattened: bool,
    pub(crate) is_durable: bool,
}

/// The number of a protobuf field.
#[derive(Clone, Copy)]
pub(crate) struct Tag {
    pub(crate) number: u32,
    pub(crate) span: Span,
}

impl OfMessage {
    pub(crate) fn of_struct(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut all = Self::default();
        let known = "`kind`, `request`, `reply`, `tag`, `check` and `nested`";
        read(attributes, "message", known, |meta| {
            Ok(all.read(meta)? || all.of_variant.read(meta)?)
        })?;
        Ok(all)
    }

    pub(crate) fn of_enum(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut all = Self::default();
        let known = "`check` and `nested`; a variant has the others";
        read(attributes, "message", known, |meta| all.read(meta))?;
        Ok(all)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
        if meta.path.is_ident("nested") {
            self.is_nested = true;
        } else if meta.path.is_ident("check") {
            self.check = Some(meta.value()?.parse()?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

impl OfVariant {
    pub(crate) fn parse(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut all = Self::default();
        let known = "`tag`, `kind`, `request` and `reply`";
        read(attributes, "message", known, |meta| all.read(meta))?;
        Ok(all)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
        if meta.path.is_ident("tag") {
            self.tag = Some(tag(meta)?);
        } else if meta.path.is_ident("kind") {
            self.kind = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("request") {
            self.role = Some("Request");
        } else if meta.path.is_ident("reply") {
            self.role = Some("Reply");
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

impl OfField {
    pub(crate) fn parse(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut all = Self::default();
        read(attributes, "message", "`tag` and `application`", |meta| {
            if meta.path.is_ident("tag") {
                all.tag = Some(tag(meta)?);
            } else if meta.path.is_ident("application") {
                all.is_application = true;
            } else {
                return Ok(false);
            }
            Ok(true)
        })?;
        Ok(all)
    }
}

impl OfDescribed {
    pub(crate) fn parse(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut all = Self::default();
        let known = "`name`, `with`, `skip`, `flatten` and `durable`";
        read(attributes, "describe", known, |meta| {
            if meta.path.is_ident("name") {
                all.name = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("with") {
                all.with = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("skip") {
                all.is_skipped = true;
            } else if meta.path.is_ident("flatten") {
                all.is_flattened = true;
            } else if meta.path.is_ident("durable") {
                all.is_durable = true;
            } else {
                return Ok(false);
            }
            Ok(true)
        })?;
        Ok(all)
    }
}

/// Whether the field is the output of an application below.
pub(crate) fn is_application_output(attributes: &[Attribute]) -> syn::Result<bool> {
    let mut is_application = false;
    read(attributes, "output", "`application`", |meta| {
        is_application |= meta.path.is_ident("application");
        Ok(is_application)
    })?;
    Ok(is_application)
}

/// `tag = 1`
fn tag(meta: &ParseNestedMeta<'_>) -> syn::Result<Tag> {
    let literal: LitInt = meta.value()?.parse()?;
    let number = literal.base10_parse::<u32>().unwrap_or(0);
    if !(1..1 << 29).contains(&number) || (19_000..20_000).contains(&number) {
        let why = format!(
            "{literal} is not a valid protobuf tag; tags are 1 to 536870911, without 19000 to 19999"
        );
        return Err(Error::new(literal.span(), why));
    }
    let span = literal.span();
    Ok(Tag { number, span })
}

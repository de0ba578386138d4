//! Content blocks as the pieces a chat completions message is made of.

use std::borrow::Cow;

use super::Dropped;
use crate::config::{Dialect, Target};
use crate::wire::anthropic::{Block, Content, Source};
use crate::wire::chat;
use crate::wire::error::ApiError;

/// What a message can hold.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// An image's URL.
    Image(String),
    /// A document's URL and its name.
    Document(String, Option<String>),
}

/// Whether a block stands in a turn of the person or in a tool's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The person can take it away again: what cannot be sent is refused.
    Turn,
    /// It came by itself: the model is told, and can read the file in another way.
    Result,
}

/// Appends the pieces of a content.
pub(super) fn content<'a>(
    content: &'a Content<'_>,
    place: Place,
    target: &Target,
    dropped: &mut Dropped,
    out: &mut Vec<Piece<'a>>,
) -> Result<(), ApiError> {
    match content {
        Content::Empty => {}
        Content::Text(words) => text(words, out),
        Content::Blocks(blocks) => {
            for block in blocks {
                one(block, place, target, dropped, out)?;
            }
        }
    }
    Ok(())
}

/// Appends the pieces of one block of a person's turn or a tool's result.
pub(super) fn one<'a>(
    block: &'a Block<'_>,
    place: Place,
    target: &Target,
    dropped: &mut Dropped,
    out: &mut Vec<Piece<'a>>,
) -> Result<(), ApiError> {
    if block.cache_control.is_some() {
        dropped.count("cache_control");
    }
    match &*block.kind {
        "text" => text(block.text.as_deref().unwrap_or_default(), out),
        "image" => out.push(image(block.source.as_ref(), target, dropped)),
        "document" => document(block, place, target, dropped, out)?,
        "tool_reference" => {
            let name = block.tool_name.as_deref().unwrap_or_default();
            out.push(Piece::Text(format!("Loaded tool: {name}").into()));
        }
        kind => {
            dropped.count("unknown block");
            let before = out.len();
            let url = block.source.as_ref().and_then(|source| source.url.as_ref());
            [block.title.as_ref(), url, block.text.as_ref()].into_iter().flatten().for_each(|words| text(words, out));
            content(&block.content, place, target, dropped, out)?;
            if out.len() == before {
                out.push(Piece::Text(format!("[content of type `{kind}` is not shown]").into()));
            }
        }
    }
    Ok(())
}

fn text<'a>(words: &'a str, out: &mut Vec<Piece<'a>>) {
    if !words.is_empty() {
        out.push(Piece::Text(Cow::Borrowed(words)));
    }
}

fn image<'a>(source: Option<&Source<'_>>, target: &Target, dropped: &mut Dropped) -> Piece<'a> {
    if !target.facts.vision {
        dropped.count("image");
        return Piece::Text(format!("[an image is not shown: {} cannot see images]", target.model).into());
    }
    if let Some(url) = source.and_then(url) {
        return Piece::Image(url);
    }
    dropped.count("image");
    Piece::Text("[an image is not shown: its source is neither data nor a URL]".into())
}

fn document<'a>(
    block: &'a Block<'_>,
    place: Place,
    target: &Target,
    dropped: &mut Dropped,
    out: &mut Vec<Piece<'a>>,
) -> Result<(), ApiError> {
    if let Some(context) = &block.context {
        text(context, out);
    }
    if let Some(source) = &block.source {
        match &*source.kind {
            "text" => {
                if let Some(title) = &block.title {
                    out.push(Piece::Text(format!("Document: {}", &**title).into()));
                }
                text(source.data.as_deref().unwrap_or_default(), out);
                return Ok(());
            }
            "content" => return content(&source.content, place, target, dropped, out),
            _ => {}
        }
        // Only Mistral's schema has documents, and it reads PDF files.
        if target.provider.dialect == Dialect::Mistral
            && let Some(url) = url(source)
        {
            out.push(Piece::Document(url, block.title.as_deref().map(str::to_owned)));
            return Ok(());
        }
    }
    dropped.count("document");
    unreadable(block, place, target).map(|note| out.push(note))
}

/// Says of a document that it cannot be sent: in a turn to the person, in a result to the model.
fn unreadable<'a>(block: &Block<'_>, place: Place, target: &Target) -> Result<Piece<'a>, ApiError> {
    let kind = block.source.as_ref().and_then(|source| source.media_type.as_deref()).unwrap_or("unknown type");
    let (provider, model) = (&target.provider.name, &target.model);
    let known = target.provider.dialect == Dialect::Mistral;
    match place {
        Place::Result if known => Ok(Piece::Text(
            format!("[a document ({kind}) is not shown: its source is neither data nor a URL]").into(),
        )),
        Place::Result => Ok(Piece::Text(
            format!(
                "[a document ({kind}) is not shown: {provider} takes text and images only; turn it into text with a command such as `pdftotext` and read that]"
            )
            .into(),
        )),
        Place::Turn if known => Err(ApiError::refused(format!(
            "{provider}: a document ({kind}) cannot be sent to `{model}`: its source is neither data nor a URL"
        ))),
        Place::Turn => Err(ApiError::refused(format!(
            "{provider}: a document ({kind}) cannot be sent to `{model}`, which takes text and images only; turn it into text, for example with `pdftotext`"
        ))),
    }
}

fn url(source: &Source<'_>) -> Option<String> {
    match &*source.kind {
        "base64" => {
            let (media, data) = (source.media_type.as_deref()?, source.data.as_deref()?);
            Some(format!("data:{media};base64,{data}"))
        }
        "url" => source.url.as_deref().map(str::to_owned),
        _ => None,
    }
}

/// Joins pieces: a string where all are text, otherwise a list.
pub(super) fn join(mut pieces: Vec<Piece<'_>>) -> chat::Content<'_> {
    if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
        if pieces.len() == 1
            && let Some(Piece::Text(only)) = pieces.pop()
        {
            return chat::Content::Text(only);
        }
        let mut joined = String::new();
        for piece in &pieces {
            if let Piece::Text(words) = piece {
                if !joined.is_empty() {
                    joined.push_str("\n\n");
                }
                joined.push_str(words);
            }
        }
        return chat::Content::Text(joined.into());
    }
    chat::Content::Parts(pieces.into_iter().map(part).collect())
}

/// Appends pieces to a content as [`join`] would have put them there.
pub(super) fn append<'a>(content: &mut chat::Content<'a>, pieces: Vec<Piece<'a>>) {
    let before = std::mem::replace(content, chat::Content::Parts(Vec::new()));
    *content = match before {
        chat::Content::Text(text) => join(std::iter::once(Piece::Text(text)).chain(pieces).collect()),
        chat::Content::Parts(mut parts) => {
            parts.extend(pieces.into_iter().map(part));
            chat::Content::Parts(parts)
        }
    };
}

fn part(piece: Piece<'_>) -> chat::Part<'_> {
    match piece {
        Piece::Text(text) => chat::Part::Text { text },
        Piece::Image(url) => chat::Part::ImageUrl { image_url: chat::ImageUrl { url } },
        Piece::Document(document_url, document_name) => chat::Part::DocumentUrl { document_url, document_name },
    }
}

//! What OpenAI's clients send, as far as mcr looks at it; everything else goes on unread.
//!
//! [`Fields`] is a body's outermost object: the values stay the bytes that they were.
//! [`Chat`] is what routing and counting read of it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Text;

/// The outermost object of a body, in its order.
#[derive(Debug, Clone, Default)]
pub struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, RawValue>)>);

impl<'a> Fields<'a> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| &**value)
    }

    /// The value of a key as it stands in the body; nothing where it was set here.
    pub fn borrowed(&self, key: &str) -> Option<&'a RawValue> {
        match self.0.iter().find(|(name, _)| name == key)? {
            (_, Cow::Borrowed(value)) => Some(value),
            (_, Cow::Owned(_)) => None,
        }
    }

    /// Sets a key where it stands, or behind all others.
    pub fn set(&mut self, key: &'static str, value: Cow<'a, RawValue>) {
        match self.0.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((Cow::Borrowed(key), value)),
        }
    }

    /// Sets a key to what serializes without fail: numbers, texts, trees of values.
    pub fn write(&mut self, key: &'static str, value: &impl serde::Serialize) {
        if let Ok(raw) = serde_json::value::to_raw_value(value) {
            self.set(key, Cow::Owned(raw));
        }
    }

    /// Takes a key out.
    pub fn take(&mut self, key: &str) -> Option<Cow<'a, RawValue>> {
        let place = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.remove(place).1)
    }

    /// Keeps what passes.
    pub fn retain(&mut self, mut keeps: impl FnMut(&str, &RawValue) -> bool) {
        self.0.retain(|(name, value)| keeps(name, value));
    }

    /// Reads the value of a key, or says nothing where it is absent, null or of another type.
    pub fn read<'s, T: Deserialize<'s>>(&'s self, key: &str) -> Option<T> {
        serde_json::from_str::<Option<T>>(self.get(key)?.get()).ok()?
    }

    /// The bytes of the object.
    pub fn to_bytes(&self) -> Vec<u8> {
        let room = self.0.iter().map(|(name, value)| name.len() + value.get().len() + 8).sum();
        let mut out = Vec::with_capacity(room);
        out.push(b'{');
        for (place, (name, value)) in self.0.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            // A text always serializes, and memory takes what is written to it.
            let _ = serde_json::to_writer(&mut out, name);
            out.push(b':');
            out.extend_from_slice(value.get().as_bytes());
        }
        out.push(b'}');
        out
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields: Vec<(Cow<'de, str>, Cow<'de, RawValue>)> = Vec::new();
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    let value = Cow::Borrowed(map.next_value::<&'de RawValue>()?);
                    // Of a key that stands twice the last value counts, as it does for every server; nobody shall read
                    // another one than was looked at here.
                    match fields.iter_mut().find(|(known, _)| *known == name.0) {
                        Some((_, old)) => *old = value,
                        None => fields.push((name.0, value)),
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// What is read of a chat completions body.
#[derive(Debug, Default)]
pub struct Chat<'a> {
    /// The conversation.
    pub messages: Vec<Message<'a>>,
    /// Tools on offer.
    pub tools: Vec<Tool<'a>>,
    /// How much to think.
    pub reasoning_effort: Option<Text<'a>>,
}

/// One message.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Message<'a> {
    /// `system`, `developer`, `user`, `assistant`, `tool`, …
    #[serde(borrow, default)]
    pub role: Text<'a>,
    /// What it says.
    #[serde(borrow, default)]
    pub content: Content<'a>,
    /// Calls of tools.
    #[serde(borrow, default)]
    pub tool_calls: Option<Vec<Call<'a>>>,
}

/// A string, parts, or what nobody here knows.
#[derive(Debug, Default)]
pub enum Content<'a> {
    /// Absent, null, or of another kind.
    #[default]
    Nothing,
    /// Text.
    Text(Text<'a>),
    /// Parts.
    Parts(Vec<Part<'a>>),
}

/// One part of a content.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Part<'a> {
    /// `text`, `image_url`, `input_audio`, `thinking`, …
    #[serde(borrow, default, rename = "type")]
    pub kind: Text<'a>,
    /// Of `text`.
    #[serde(borrow, default)]
    pub text: Option<Text<'a>>,
    /// Of `image_url`: an object with the URL, or for Mistral the URL.
    #[serde(borrow, default)]
    pub image_url: Option<&'a RawValue>,
    /// Of `thinking`: parts.
    #[serde(borrow, default)]
    pub thinking: Content<'a>,
}

impl Part<'_> {
    /// The address of the image.
    pub fn image(&self) -> Option<Cow<'_, str>> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Image<'a> {
            #[serde(borrow)]
            Text(Text<'a>),
            Object {
                #[serde(borrow)]
                url: Text<'a>,
            },
        }
        match serde_json::from_str(self.image_url?.get()).ok()? {
            Image::Text(url) | Image::Object { url } => Some(url.0),
        }
    }
}

/// One call of a tool.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Call<'a> {
    /// The function that is called.
    #[serde(borrow, default)]
    pub function: Option<Called<'a>>,
}

/// The function of a call.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Called<'a> {
    /// Its name.
    #[serde(borrow, default)]
    pub name: Option<Text<'a>>,
    /// A string holding JSON.
    #[serde(borrow, default)]
    pub arguments: Option<&'a RawValue>,
}

/// One tool.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Tool<'a> {
    /// `function`, or a tool that the server itself has.
    #[serde(borrow, default, rename = "type")]
    pub kind: Option<Text<'a>>,
    /// The function.
    #[serde(borrow, default)]
    pub function: Option<Function<'a>>,
}

/// A function on offer.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Function<'a> {
    /// Its name.
    #[serde(borrow, default)]
    pub name: Option<Text<'a>>,
    /// What it does.
    #[serde(borrow, default)]
    pub description: Option<Text<'a>>,
    /// The schema of its arguments.
    #[serde(borrow, default)]
    pub parameters: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;
        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of parts")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Content::Text(text.into()))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Content::Text(text.to_owned().into()))
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Content::Nothing)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = list.next_element()? {
                    parts.push(part);
                }
                Ok(Content::Parts(parts))
            }
        }
        deserializer.deserialize_any(ContentVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_touched_keeps_its_bytes_and_its_place() {
        let body = r#"{"b":  [1.50, {"x":"\u00e9"}] ,"a":null}"#;
        let mut fields: Fields<'_> = serde_json::from_str(body).unwrap();
        assert_eq!(fields.to_bytes(), br#"{"b":[1.50, {"x":"\u00e9"}],"a":null}"#);
        fields.write("b", &1);
        fields.write("c", &"d");
        assert_eq!(fields.to_bytes(), br#"{"b":1,"a":null,"c":"d"}"#);
    }

    #[test]
    fn of_a_key_that_stands_twice_the_last_value_is_the_only_one() {
        let fields: Fields<'_> = serde_json::from_str(r#"{"model":"a","n":1,"model":"b"}"#).unwrap();
        assert_eq!(fields.to_bytes(), br#"{"model":"b","n":1}"#);
    }

    #[test]
    fn an_image_is_a_url_or_an_object_with_one() {
        for raw in [r#"{"image_url":"u"}"#, r#"{"image_url":{"url":"u","detail":"low"}}"#] {
            let part: Part<'_> = serde_json::from_str(raw).unwrap();
            assert_eq!(part.image().as_deref(), Some("u"), "{raw}");
        }
    }
}

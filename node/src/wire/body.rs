//! A command document that knows which fields it has.

use std::ops::Deref;

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

/// A request's command document. The server asks each one for a dozen fields (session, cluster time, concerns, …), of which
/// few are there: a `no` costs no walk over the document.
#[derive(Clone, PartialEq, Debug)]
pub struct Body {
    document: RawDocumentBuf,
    outlines: Vec<Outline>,
}

/// Length, first and last byte of a name: different ones are of different names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Outline(usize, Option<u8>, Option<u8>);

impl Outline {
    fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        Self(bytes.len(), bytes.first().copied(), bytes.last().copied())
    }
}

impl Body {
    /// A field's value; of two with the same name the first.
    ///
    /// # Errors
    /// When the document can't be read up to there: never for one that was validated.
    pub fn get(&self, name: &str) -> Result<Option<RawBsonRef<'_>>, bson::error::Error> {
        match self.outlines.contains(&Outline::of(name)) {
            true => Ok(self.document.get(name)?),
            false => Ok(None),
        }
    }
}

impl From<RawDocumentBuf> for Body {
    fn from(document: RawDocumentBuf) -> Self {
        // What can't be read is seen by whoever takes the whole.
        let names = document.iter().map_while(Result::ok);
        let outlines = names.map(|(name, _)| Outline::of(name.as_str())).collect();
        Self { document, outlines }
    }
}

impl Deref for Body {
    type Target = RawDocument;

    fn deref(&self) -> &RawDocument {
        &self.document
    }
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    #[test]
    fn it_gives_what_the_document_gives() {
        let document =
            rawdoc! { "find": "a", "": 1, "f": 2, "lsid": { "id": 3 }, "find ": 4, "fxnd": 5, "lsid": 6 };
        let body = Body::from(document.clone());
        for name in [
            "find", "", "f", "lsid", "find ", "fxnd", "fznd", "lsi", "id", "x", "FIND",
        ] {
            assert_eq!(body.get(name).unwrap(), document.get(name).unwrap(), "{name:?}");
        }
    }
}

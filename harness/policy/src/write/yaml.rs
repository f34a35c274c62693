//! YAML as it is written: mappings keep their order, and the emitter quotes.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_saphyr::{FlowMap, FlowSeq};

use super::Unwritable;

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Yaml {
    Text(String),
    Number(i64),
    Boolean(bool),
    Null,
    List(Vec<Yaml>),
    Map(Map),
    /// A list or mapping on one line, and all that is in it.
    OneLine(Box<Yaml>),
}

/// Keys and values in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Map(Vec<(String, Yaml)>);

impl Map {
    /// With this key as well.
    pub(super) fn with(mut self, key: impl Into<String>, value: impl Into<Yaml>) -> Map {
        self.0.push((key.into(), value.into()));
        self
    }

    /// With this key as well, if there is a value.
    pub(super) fn with_some(self, key: &str, value: Option<impl Into<Yaml>>) -> Map {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mapping, unless it is empty.
    pub(super) fn some(self) -> Option<Map> {
        (!self.is_empty()).then_some(self)
    }
}

impl Yaml {
    pub(super) fn text(value: impl ToString) -> Yaml {
        Yaml::Text(value.to_string())
    }

    pub(super) fn number(value: impl Into<i64>) -> Yaml {
        Yaml::Number(value.into())
    }

    pub(super) fn list(items: impl IntoIterator<Item = impl Into<Yaml>>) -> Yaml {
        Yaml::List(items.into_iter().map(Into::into).collect())
    }

    /// Texts, on one line.
    pub(super) fn texts(items: impl IntoIterator<Item = impl ToString>) -> Yaml {
        Yaml::List(items.into_iter().map(Yaml::text).collect()).on_one_line()
    }

    pub(super) fn on_one_line(self) -> Yaml {
        Yaml::OneLine(Box::new(self))
    }
}

impl From<Map> for Yaml {
    fn from(map: Map) -> Yaml {
        Yaml::Map(map)
    }
}

impl From<bool> for Yaml {
    fn from(value: bool) -> Yaml {
        Yaml::Boolean(value)
    }
}

impl From<&str> for Yaml {
    fn from(value: &str) -> Yaml {
        Yaml::text(value)
    }
}

impl From<String> for Yaml {
    fn from(value: String) -> Yaml {
        Yaml::Text(value)
    }
}

impl FromIterator<(String, Yaml)> for Map {
    fn from_iter<I: IntoIterator<Item = (String, Yaml)>>(entries: I) -> Map {
        Map(entries.into_iter().collect())
    }
}

impl Serialize for Yaml {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Yaml::Text(text) => serializer.serialize_str(text),
            Yaml::Number(number) => serializer.serialize_i64(*number),
            Yaml::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Yaml::Null => serializer.serialize_unit(),
            Yaml::List(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    sequence.serialize_element(item)?;
                }
                sequence.end()
            }
            Yaml::Map(map) => {
                let mut mapping = serializer.serialize_map(Some(map.0.len()))?;
                for (key, value) in &map.0 {
                    mapping.serialize_entry(key, value)?;
                }
                mapping.end()
            }
            Yaml::OneLine(inner) => match &**inner {
                Yaml::Map(_) => FlowMap(inner).serialize(serializer),
                Yaml::Text(_)
                | Yaml::Number(_)
                | Yaml::Boolean(_)
                | Yaml::Null
                | Yaml::List(_)
                | Yaml::OneLine(_) => FlowSeq(inner).serialize(serializer),
            },
        }
    }
}

/// The documents of a file.
pub(super) fn file(documents: &[Yaml]) -> Result<String, Unwritable> {
    let documents: Result<Vec<String>, Unwritable> = documents.iter().map(emit).collect();
    Ok(documents?.join("---\n"))
}

/// One document, with a line break at its end.
pub(super) fn emit(document: &Yaml) -> Result<String, Unwritable> {
    let options = serde_saphyr::ser_options! {
        prefer_block_scalars: false,
    };
    serde_saphyr::to_string_with_options(document, options)
        .map_err(|error| Unwritable::because("a text", error.to_string()))
}

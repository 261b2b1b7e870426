//! The formats of documents, and reading a text as one.

use super::dotenv::DotenvText;
use super::ini::IniText;
use super::json::JsonText;
use super::json::write::Layout;
use super::text::{Node, Text, TextError, conflict};
use super::yaml::YamlText;
use std::path::Path;
use zeroize::Zeroizing;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
    /// `KEY=value` lines.
    Dotenv,
    /// INI.
    Ini,
    /// Any bytes; encrypted, they are the one value of a JSON document.
    Binary,
}

impl Format {
    /// By the ending of a name, as the original decides.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        let name = path.to_string_lossy();
        let ends = |ending: &str| name.ends_with(ending);
        match () {
            () if ends(".yaml") || ends(".yml") => Self::Yaml,
            () if ends(".json") => Self::Json,
            () if ends(".env") => Self::Dotenv,
            () if ends(".ini") => Self::Ini,
            () => Self::Binary,
        }
    }

    /// By the word of `--input-type`.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "yaml" => Self::Yaml,
            "json" => Self::Json,
            "dotenv" => Self::Dotenv,
            "ini" => Self::Ini,
            "binary" => Self::Binary,
            _ => return None,
        })
    }

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Dotenv => "dotenv",
            Self::Ini => "ini",
            Self::Binary => "binary",
        }
    }

    /// Reads a text as a document of this format; of a binary one as it is when encrypted.
    ///
    /// The mark of an unfinished merge is named before anything else.
    pub fn parse(self, text: &str) -> Result<Box<dyn Text>, TextError> {
        self.read(Zeroizing::new(text.to_owned()))
    }

    /// The same, of a text that nobody else needs: a large one is not copied.
    pub fn read(self, text: Zeroizing<String>) -> Result<Box<dyn Text>, TextError> {
        // YAML looks for it itself, after every change too.
        if self != Self::Yaml
            && let Some(line) = conflict(&text)
        {
            return Err(TextError::Conflict { line });
        }
        Ok(match self {
            Self::Yaml => Box::new(YamlText::read(text)?),
            Self::Json | Self::Binary => Box::new(JsonText::read(text)?),
            Self::Dotenv => Box::new(DotenvText::parse(&text)?),
            Self::Ini => Box::new(IniText::parse(&text)?),
        })
    }

    /// A branch, as the original prints one that it took out: in the format, or in JSON where that has no way to.
    pub fn fragment(
        self,
        node: &Node,
        indent: Option<usize>,
    ) -> Result<Zeroizing<String>, TextError> {
        let text = match (self, node) {
            (Self::Yaml, Node::Map(_)) => self.compose(node, indent)?.render(),
            (Self::Yaml, _) => {
                // A list has no document of its own: it is written below a key, which is taken off again.
                let below = Node::Map(vec![("x".to_owned(), node.clone())]);
                let text = self.compose(&below, indent)?.render();
                let lines = text.split_inclusive('\n').skip(1);
                let space = lines.clone().next().map_or(0, |l| l.len() - l.trim_start().len());
                let cut = lines.map(|line| {
                    line.get(space.min(line.len() - line.trim_start_matches(' ').len())..)
                });
                Zeroizing::new(cut.flatten().collect())
            }
            _ => {
                let unit = indent.map_or("\t".to_owned(), |spaces| " ".repeat(spaces));
                Zeroizing::new(Layout { unit }.node(node, 0))
            }
        };
        Ok(text)
    }

    /// A new document that holds a tree, laid out as the original does it.
    pub fn compose(self, tree: &Node, indent: Option<usize>) -> Result<Box<dyn Text>, TextError> {
        Ok(match self {
            Self::Yaml => Box::new(YamlText::compose(tree, indent)?),
            Self::Json | Self::Binary => Box::new(JsonText::compose(tree, indent)?),
            Self::Dotenv => {
                let mut text = DotenvText::parse("")?;
                text.set(0, &[], tree)?;
                Box::new(text)
            }
            Self::Ini => {
                let mut text = IniText::parse("")?;
                text.set(0, &[], tree)?;
                Box::new(text)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_words_choose_the_format() {
        for (path, format) in [
            ("a.yaml", Format::Yaml),
            ("a.yml", Format::Yaml),
            ("dir.json/a", Format::Binary),
            ("a.json", Format::Json),
            (".env", Format::Dotenv),
            ("prod.env", Format::Dotenv),
            ("a.ini", Format::Ini),
            ("a.txt", Format::Binary),
        ] {
            assert_eq!(Format::of_path(Path::new(path)), format, "{path}");
            assert_eq!(Format::of_word(format.word()), Some(format));
        }
    }

    #[test]
    fn the_mark_of_a_merge_is_named_with_its_line_before_anything_else() {
        for (text, line) in [
            ("A=1\n<<<<<<< ours\nA=2\n=======\nA=3\n>>>>>>> theirs\n", Some(2)),
            ("A=1\n\n>>>>>>> theirs", Some(3)),
            ("<<<<<<<x", None),
            ("=======\n", None),
        ] {
            assert_eq!(conflict(text), line, "{text}");
        }
        let error = Format::Json.parse("{\n<<<<<<< a\n").err().map(|e| e.to_string());
        assert_eq!(error.as_deref(), Some("line 2 is the mark of a merge that was not finished"));
    }
}

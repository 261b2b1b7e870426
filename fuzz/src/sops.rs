//! SOPS documents but YAML: their readers, metadata, encrypted values, and what age files hold.

use sanctum_secrets::sops::cipher::{Cipher, DataKey, Parts};
use sanctum_secrets::sops::exposure::exposed;
use sanctum_secrets::sops::metadata::Metadata;
use sanctum_secrets::sops::text::{Leaf, Node, Scalar, Step, Text, What};
use sanctum_secrets::sops::{Format, Identities, flat, node, re2};

/// A text of one of the formats that are edited in place: what is read is written as it was, sealed values read back, and
/// metadata that comes and goes leaves the values.
fn format(bytes: &[u8], format: Format) {
    let text = String::from_utf8_lossy(bytes);
    let _ = exposed(bytes, format);
    let Ok(mut read) = format.parse(&text) else { return };
    assert_eq!(read.render().as_str(), text);
    let Ok(leaves) = read.leaves(0) else { return };
    let plain = read.metadata(0).ok().flatten().is_none();
    if plain {
        metadata(&mut *read, &leaves);
    }
    seal(&mut *read, &leaves);
    let path = [Step::Key("section of its own".to_owned()), Step::Key("key".to_owned())];
    if read.set(0, &path, &scalar("value")).is_ok() {
        assert_eq!(read.tree(0, &path).ok(), Some(scalar("value")));
        assert!(read.unset(0, &path).is_ok());
    }
}

fn scalar(text: &str) -> Node {
    Node::Scalar(Scalar::Str(text.to_owned().into()))
}

fn metadata(read: &mut dyn Text, leaves: &[Leaf]) {
    let new = Node::Map(vec![
        ("age".to_owned(), Node::List(vec![Node::Map(vec![("enc".to_owned(), scalar("a\nb"))])])),
        ("mac".to_owned(), scalar("m")),
    ]);
    if read.set_metadata(0, Some(&new)).is_ok() {
        assert_eq!(read.metadata(0).ok().flatten(), Some(new));
        assert_eq!(read.leaves(0).ok().as_deref(), Some(leaves));
        assert!(read.set_metadata(0, None).is_ok());
        assert_eq!(read.leaves(0).ok().as_deref(), Some(leaves));
    }
}

fn seal(read: &mut dyn Text, leaves: &[Leaf]) {
    let new = |(at, leaf): (usize, &Leaf)| match &leaf.what {
        What::Comment(_) => (at, What::Comment(format!("ENC[{at}]").into())),
        What::Value(_) => (at, What::Value(Scalar::Str(format!("ENC[{at}]").into()))),
    };
    let sealed: Vec<_> = leaves.iter().enumerate().map(new).collect();
    if read.replace(0, &sealed).is_err() {
        return;
    }
    let found = read.leaves(0).unwrap_or_default();
    assert_eq!(found.len(), leaves.len());
    for ((_, sealed), (found, old)) in sealed.iter().zip(found.iter().zip(leaves)) {
        assert_eq!((sealed, &old.path), (&found.what, &found.path));
    }
}

/// A JSON text.
pub fn sops_json(bytes: &[u8]) {
    format(bytes, Format::Json);
}

/// A dotenv text.
pub fn sops_dotenv(bytes: &[u8]) {
    format(bytes, Format::Dotenv);
}

/// An INI text.
pub fn sops_ini(bytes: &[u8]) {
    format(bytes, Format::Ini);
}

/// Metadata in each of its spellings, down to the keys that would open it.
pub fn sops_metadata(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let flat = flat::unflatten(lines.map(|(key, value)| (key, flat::lines(value))));
    let again = flat::flatten(&flat);
    let back = flat::unflatten(again.iter().map(|(key, value)| (key.as_str(), value.clone())));
    assert_eq!(flat::flatten(&back), again);
    let trees = [Some(flat), Format::Json.parse(&text).ok().and_then(|read| read.tree(0, &[]).ok())];
    for tree in trees.into_iter().flatten() {
        let Ok(mut metadata) = Metadata::read(Some(tree)) else { continue };
        let (groups, threshold) = (metadata.groups(), metadata.threshold().ok().flatten());
        let _ = (metadata.selector(), metadata.mac_only_encrypted(), metadata.last_modified());
        metadata.set_groups(&groups, threshold);
        assert_eq!(metadata.groups().concat().len(), groups.concat().len());
    }
}

/// `ENC[..]`, paths, expressions.
pub fn sops_value(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(parts) = Parts::parse(&text) {
        assert_eq!(Parts::parse(&parts.text()), Ok(parts));
        assert!(Cipher::new(&DataKey::default()).open(&text, ":").is_err());
    }
    if let Ok(path) = node::indexed(&text)
        && path.iter().all(|step| !matches!(step, Step::Key(key) if key.contains('"')))
        && !path.is_empty()
    {
        assert_eq!(node::indexed(&node::spelled(&path)), Ok(path));
    }
    let _ = node::dotted(&text);
    let _ = re2::compile(&text);
}

/// An armoured age file and identities: nothing of it opens with a key that was not asked.
pub fn sops_age(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // The identity of the age specification's own test vectors is nobody's.
    let identities = Identities::of("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
    let _ = identities.unwrap("age1", &text);
    let _ = Identities::of(&text).unwrap("age1", "");
}

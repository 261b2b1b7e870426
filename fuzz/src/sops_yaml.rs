//! The YAML format of SOPS documents.

use sanctum_secrets::sops::text::{Leaf, Node, Scalar, Step, Text, What};
use sanctum_secrets::sops::yaml::YamlText;

/// A YAML text: every document's leaves replaced and put back, its metadata added and taken away, an entry set and unset.
///
/// A verb may refuse, and then the text is as it was; what succeeds reads back, and touches nothing else.
pub fn sops_yaml(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(mut yaml) = YamlText::parse(&text) else { return };
    assert_eq!(*yaml.render(), *text);
    for document in 0..yaml.documents() {
        let Ok(leaves) = yaml.leaves(document) else { continue };
        set_and_unset(&mut yaml, document, &leaves);
        // An entry that came and went may have moved a comment.
        let Ok(leaves) = yaml.leaves(document) else { continue };
        metadata(&mut yaml, document, &leaves);
        let Ok(leaves) = yaml.leaves(document) else { continue };
        disclose(&yaml, document, &leaves);
        replace(&mut yaml, document, &leaves);
    }
}

fn text(text: &str) -> Scalar {
    Scalar::Str(text.to_owned().into())
}

fn replace(yaml: &mut YamlText, document: usize, leaves: &[Leaf]) {
    let seal = |(number, leaf): (usize, &Leaf)| match &leaf.what {
        What::Comment(_) => (number, What::Comment(format!("ENC[{number}]").into())),
        What::Value(_) => (number, What::Value(text(&format!("ENC[AES256_GCM,data:{number},type:str]")))),
    };
    let sealed: Vec<_> = leaves.iter().enumerate().map(seal).collect();
    let before = yaml.render();
    if yaml.replace(document, &sealed).is_err() {
        assert_eq!(*before, *yaml.render());
        return;
    }
    let found: Vec<_> = yaml.leaves(document).into_iter().flatten().collect();
    assert_eq!(found.len(), leaves.len());
    for ((_, sealed), (found, old)) in sealed.iter().zip(found.iter().zip(leaves)) {
        assert_eq!((sealed, &old.path), (&found.what, &found.path));
    }
    let back: Vec<_> = leaves.iter().map(|leaf| leaf.what.clone()).enumerate().collect();
    if yaml.replace(document, &back).is_ok() {
        let again = yaml.leaves(document).into_iter().flatten();
        assert!(again.zip(leaves).all(|(again, leaf)| format!("{:?}", again.what) == format!("{:?}", leaf.what)));
    }
}

/// What is written without reading it back is what would have been read back.
fn disclose(yaml: &YamlText, document: usize, leaves: &[Leaf]) {
    let again = || YamlText::parse(&yaml.render()).ok();
    // One text of the document goes round, so that what is written is as hostile as where it is written.
    let texts = leaves.iter().rev().map(|leaf| match &leaf.what {
        What::Comment(text) | What::Value(Scalar::Str(text) | Scalar::Time(text)) => text.clone(),
        What::Value(_) => String::from("y").into(),
    });
    let new: Vec<_> = leaves
        .iter()
        .zip(texts)
        .map(|(leaf, text)| match &leaf.what {
            What::Comment(_) => What::Comment(text),
            What::Value(Scalar::Str(_)) => What::Value(Scalar::Str(text)),
            What::Value(_) => leaf.what.clone(),
        })
        .enumerate()
        .collect();
    for new in new.chunks(1).take(16).chain([new.as_slice()]) {
        let (Some(mut disclosed), Some(mut read)) = (again(), again()) else { return };
        let disclosed = disclosed.disclose(document, new).map(|()| disclosed.render());
        let read = read.replace(document, new).and_then(|()| read.set_metadata(document, None)).map(|()| read.render());
        assert_eq!(disclosed.ok(), read.ok());
    }
}

fn metadata(yaml: &mut YamlText, document: usize, leaves: &[Leaf]) {
    let enc = Node::Map(vec![("enc".to_owned(), Node::Scalar(text("-----BEGIN\nx\n-----END\n")))]);
    let new = Node::Map(vec![("age".to_owned(), Node::List(vec![enc])), ("mac".to_owned(), Node::Scalar(text("ENC[m]")))]);
    if yaml.set_metadata(document, Some(&new)).is_err() {
        return;
    }
    assert_eq!(yaml.metadata(document).ok().flatten(), Some(new));
    // Comments too: they are encrypted under the path that they have before the metadata is there.
    assert_eq!(format!("{:?}", yaml.leaves(document).ok()), format!("{:?}", Some(leaves)));
    if yaml.set_metadata(document, None).is_ok() {
        same_values(yaml, document, leaves);
    }
}

fn set_and_unset(yaml: &mut YamlText, document: usize, leaves: &[Leaf]) {
    let path = [Step::Key("an entry of its own".to_owned()), Step::Index(0), Step::Key("x".to_owned())];
    if yaml.set(document, &path, &Node::Scalar(text("two\nlines"))).is_err() {
        return;
    }
    assert_eq!(yaml.tree(document, &path).ok(), Some(Node::Scalar(text("two\nlines"))));
    if yaml.unset(document, &path[..1]).is_ok() {
        // Of one that was there already nothing is left.
        let others: Vec<_> = leaves.iter().filter(|leaf| !leaf.path.starts_with(&path[..1])).cloned().collect();
        same_values(yaml, document, &others);
    }
}

/// Comments may move into an entry that is put in before them.
fn same_values(yaml: &YamlText, document: usize, leaves: &[Leaf]) {
    let values = |leaves: &[Leaf]| {
        let values = leaves.iter().filter(|leaf| matches!(leaf.what, What::Value(_)));
        values.map(|leaf| format!("{leaf:?}")).collect::<Vec<_>>()
    };
    assert_eq!(values(&yaml.leaves(document).unwrap_or_default()), values(leaves));
}

//! `encrypt`: for whom and what of it comes from flags, the environment and `.sops.yaml`.

use super::decrypt::is_encrypted;
use super::{Job, code, failed, formats, input};
use crate::args::sops::{Closing, Encrypt, Select};
use crate::failure::{Exit, Failure};
use sanctum_host::clock;
use sanctum_secrets::sops::config::{Config, CreationRule};
use sanctum_secrets::sops::datakey::recipients_group;
use sanctum_secrets::sops::json::JsonText;
use sanctum_secrets::sops::opened::{self, Opened, Recipe};
use sanctum_secrets::sops::recipients::listed;
use sanctum_secrets::sops::{Format, SopsError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// `sanctum sops encrypt`.
pub(super) fn run(job: &Job<'_>, args: &Encrypt) -> Result<Exit, Failure> {
    let file = args.file.as_deref();
    let name = args.way.types.filename_override.as_deref().or(file).ok_or_else(|| {
        failed(code::GENERIC, "standard input has no name").hint("name it with --filename-override")
    })?;
    let formats = formats(file, &args.way.types)?;
    let plain = input(file)?;
    if is_encrypted(&plain, formats.input).unwrap_or(false) && formats.input != Format::Binary {
        return Err(code::of(SopsError::AlreadyEncrypted));
    }
    let config = job.config(name)?;
    let recipe = recipe(job, config.as_ref(), name, &args.closing)?;
    let indent = indent(job, config.as_ref(), formats.output);
    let mut opened = close(&plain, formats.input, formats.output, &recipe, indent)?;
    let text = opened.sealed(clock::now()).map_err(code::of)?;
    job.emit(text.as_bytes(), &args.way.out, file)
}

fn indent(job: &Job<'_>, config: Option<&Config>, format: Format) -> Option<usize> {
    let store = match format {
        Format::Yaml => "yaml",
        Format::Json => "json",
        Format::Binary => "json_binary",
        Format::Dotenv | Format::Ini => return None,
    };
    job.shared.indent.map(usize::from).or_else(|| config?.indent(store))
}

/// Encrypts bytes; a document that goes to another format is composed anew there.
fn close(
    plain: &[u8],
    input: Format,
    output: Format,
    recipe: &Recipe,
    indent: Option<usize>,
) -> Result<Opened, Failure> {
    if input == output {
        let laid_out = match (output, indent) {
            (Format::Json, Some(indent)) => lay_out(plain, indent).map_err(code::of_input)?,
            _ => None,
        };
        let plain = laid_out.as_ref().map_or(plain, |text| text.as_slice());
        return opened::encrypt(plain, input, recipe).map_err(code::of_input);
    }
    let text = std::str::from_utf8(plain).map_err(|_| code::of_input(SopsError::NotUtf8))?;
    let read = match input {
        Format::Binary => {
            return Err(failed(code::DUMP, "a binary file is encrypted as binary"));
        }
        format => format.parse(text).map_err(|error| code::of_input(error.into()))?,
    };
    let tree = read.tree(0, &[]).map_err(|error| code::of_input(error.into()))?;
    let text = output.compose(&tree, indent).map_err(|error| failed(code::DUMP, error))?;
    opened::encrypt_text(&*text, output, recipe, None).map_err(code::of)
}

fn lay_out(plain: &[u8], indent: usize) -> Result<Option<Zeroizing<Vec<u8>>>, SopsError> {
    use sanctum_secrets::sops::text::Text as _;
    let text = std::str::from_utf8(plain).map_err(|_| SopsError::NotUtf8)?;
    let mut json = JsonText::parse(text)?;
    json.lay_out(Some(indent))?;
    Ok(Some(Zeroizing::new(json.render().as_bytes().to_vec())))
}

/// What the flags, the environment and the rule for a name come to. Recipients that are said replace the rule's.
pub(super) fn recipe(
    job: &Job<'_>,
    config: Option<&Config>,
    name: &Path,
    Closing { recipients, select }: &Closing,
) -> Result<Recipe, Failure> {
    refuse_foreign(recipients.foreign.is_any())?;
    if let (None, Some(name)) = (&recipients.age, job.environment.foreign) {
        let text = format!("{name} is set, and sanctum encrypts for age and SSH keys only");
        return Err(failed(code::GENERIC, text).hint("unset it, or say --age age1…"));
    }
    let path: PathBuf = job.absolute(name);
    let rule = config.map(|config| config.rule(&path)).transpose().map_err(code::of_config)?;
    let said = recipients.age.clone().or_else(|| job.environment.recipients.clone());
    let groups = match (said, &rule) {
        (Some(text), _) => {
            vec![recipients_group(&listed(&text)).map_err(|error| failed(code::GENERIC, error))?]
        }
        (None, Some(rule)) => rule.groups.clone(),
        (None, None) => {
            let text = "config file not found, or has no creation rules, and no keys provided through command line options";
            return Err(failed(code::GENERIC, text)
                .hint("say --age age1…, or write a .sops.yaml with a creation rule"));
        }
    };
    let threshold = recipients.shamir_secret_sharing_threshold.filter(|number| *number != 0);
    let settings = settings(select);
    let selector = match &rule {
        Some(rule) => rule.selector(&settings),
        None => CreationRule {
            groups: Vec::new(),
            threshold: None,
            selectors: BTreeMap::new(),
            mac_only_encrypted: false,
        }
        .selector(&settings),
    };
    Ok(Recipe {
        selector: selector.map_err(code::of_selector)?,
        threshold: threshold.or_else(|| rule.as_ref()?.threshold),
        mac_only_encrypted: select.mac_only_encrypted
            || rule.is_some_and(|rule| rule.mac_only_encrypted),
        groups,
    })
}

fn settings(select: &Select) -> BTreeMap<&'static str, String> {
    let values = [
        ("unencrypted_suffix", &select.unencrypted_suffix),
        ("encrypted_suffix", &select.encrypted_suffix),
        ("unencrypted_regex", &select.unencrypted_regex),
        ("encrypted_regex", &select.encrypted_regex),
        ("unencrypted_comment_regex", &select.unencrypted_comment_regex),
        ("encrypted_comment_regex", &select.encrypted_comment_regex),
    ];
    values.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
}

/// Refuses keys that would be missing from the file.
pub(super) fn refuse_foreign(named: bool) -> Result<(), Failure> {
    if named {
        let text = "sanctum encrypts for age and SSH keys only, not for PGP or a cloud's keys";
        return Err(failed(code::GENERIC, text).hint("say --age age1… or --age \"ssh-ed25519 …\""));
    }
    Ok(())
}

#!/usr/bin/python3
"""Makes a labelled corpus: real open-source text, secrets planted in it, and what only looks like one.

    generate.py code|dotfiles FOLDER [--seed N]

writes FOLDER/tree and FOLDER/labels.json. Nothing of it is kept in the repository. `code` plants into sources of the crates that this
workspace is locked to and of pinned Python projects (requirements.txt); `dotfiles` writes whole configuration files and puts other
parts of the same projects and of /usr/share/doc beside them. Half of all plants are passwords and credentials in URLs.
"""

import argparse
import base64
import collections
import gzip
import json
import pathlib
import random
import re
import string
import subprocess
import tarfile
import zipfile

import generic
import negatives
import providers
import words
from dotfiles import CLEAN, FILES
from keys import Keys, RECIPES
from providers import BASE62, BASE64, BASE64URL, hexes, pick
from text import Document, indented, render

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
SEEDS = {"code": 20261122, "dotfiles": 5077}
LANGUAGE = {".rs": "rs", ".py": "py", ".js": "js", ".ts": "ts", ".java": "java", ".go": "go", ".rb": "rb", ".php": "php", ".cs": "cs", ".kt": "kt", ".swift": "swift", ".scala": "scala", ".c": "c", ".h": "c",
            ".pl": "pl", ".pm": "pl", ".ps1": "ps1", ".lua": "lua", ".r": "r", ".R": "r", ".ex": "ex", ".exs": "ex", ".dart": "dart", ".groovy": "groovy", ".sh": "sh", ".yml": "yml", ".yaml": "yml", ".toml": "toml",
            ".md": "md", ".rst": "md", ".sql": "sql", ".ini": "ini", ".cfg": "ini", ".tf": "tf", ".properties": "properties"}
# Languages whose files are made of plants alone: text of others around them would not be a file of that language.
OWN_FILES = {"json": "config.json", "xml": "context.xml", "env": "app.env", "dockerfile": "Dockerfile", "properties": "application.properties", "tf": "main.tf", "sql": "users.sql", "ini": "service.ini"}
# Formats without a mark of their own: only the variable's name says what they are.
NAMELESS = {"aws-secret", "heroku", "twilio-auth", "datadog-app", "hetzner", "linode", "azure-storage", "mailchimp", "launchdarkly", "elevenlabs"}
# Background of these sizes, in bytes.
SMALL, LARGE = 600, 14_000
KEY_HEADER = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")


def makers(keys):
    """What a mark of a template may ask for."""
    def salted(prefix, salt, body):
        return lambda r: prefix + pick(r, BASE62 + "./", salt) + "$" + pick(r, BASE62 + "./", body)

    def basic(r):
        return base64.b64encode(f"{words.user(r)}:{words.password(r)}".encode()).decode()

    def provider(r, name):
        return next(make for known, _, _, make in providers.TABLE if known == name)(r)
    table = {
        "pw": words.password, "upw": words.url_password, "epw": words.escaped_password, "tok": words.token, "tokhex": lambda r: hexes(r, r.choice([32, 40])), "user": words.user, "host": words.host,
        "db": lambda r: r.choice(words.DATABASES), "word": words.word, "num": lambda r: pick(r, string.digits, 6), "basic": basic, "provider": provider, "jwt": keys.jwt,
        "providerb64": lambda r, name: base64.b64encode(provider(r, name).encode()).decode(), "pem": lambda r, name: keys.pem(r, name).rstrip("\n"), "pemjson": lambda r: json.dumps(keys.pem(r, "pem-pkcs8-rsa"))[1:-1],
        "keyb64": lambda r: base64.b64encode(keys.pem(r, "pem-rsa").encode()).decode(), "certb64": lambda r: base64.b64encode(r.choice(keys.certificates).encode()).decode(), "certificate": lambda r: r.choice(keys.certificates),
        "publickey": lambda r: r.choice(keys.public), "salt": lambda r: pick(r, BASE62 + "!@#%^&*()-_[]{}<>~`+=,.;:/?|", 64), "salt43": lambda r: pick(r, BASE64URL, 43), "salt64": lambda r: pick(r, BASE64, 64), "secret16": lambda r: pick(r, BASE62, 16),
        "sha512crypt": salted("$6$", 16, 86), "md5crypt": salted("$1$", 8, 22), "apr1": salted("$apr1$", 8, 22), "bcrypt": lambda r: "$2y$10$" + pick(r, BASE62 + "./", 53), "wg": lambda r: base64.b64encode(r.randbytes(32)).decode(),
        "wgpub": lambda r: base64.b64encode(r.randbytes(32)).decode(), "grefresh": lambda r: "1//0" + pick(r, BASE64URL, 99), "bearertok": lambda r: "Bearer " + words.token(r), "base64key": lambda r: "base64:" + base64.b64encode(r.randbytes(32)).decode(), "obscured": lambda r: pick(r, BASE64URL, r.choice([32, 38, 43])),
        "hexlong": lambda r: hexes(r, r.choice([64, 80])).upper(), "envref": lambda r: r.choice(["${NPM_TOKEN}", "$DB_PASSWORD", "${MYSQL_PASSWORD:-}"]), "erb": lambda r: "<%= ENV['DB_PASSWORD'] %>", "mavenenc": lambda r: "{" + pick(r, BASE64, 43) + "=}",
        "exampleid": lambda r: "AKIA" + "IOSFODNN7EXAMPLE", "examplekey": lambda r: "wJalrXUtnFEMI/" + "K7MDENG/bPxRfiCYEXAMPLEKEY", "b64of20": lambda r: base64.b64encode(r.randbytes(20)).decode(), "npmhost": lambda r: "registry.npm" + "js.org", "sealed": lambda r: "AgB" + pick(r, BASE64, 200),
    }
    for size in (8, 16, 17, 24, 64, 80):
        table[f"hex{size}"] = lambda r, size=size: hexes(r, size)
    table.update(negatives.MAKERS)
    return table


class Background:
    """Texts of real projects by language, in an order that the seed decides."""

    def __init__(self, r, wheels):
        self.texts = collections.defaultdict(list)
        seen = set()
        for name, content in [*crates(), *packages(wheels), *documents()]:
            language = LANGUAGE.get(pathlib.PurePath(name).suffix)
            if language is None or not SMALL <= len(content) <= LARGE or re.search(r"(^|/)(tests?|testdata|fixtures|locale)(/|_|$)", name):
                continue
            try:
                text = content.decode()
            except UnicodeDecodeError:
                continue
            # Labels count characters; text beyond ASCII would only test how a tool counts columns.
            if text.isascii() and "\r" not in text and "\f" not in text and not KEY_HEADER.search(text) and text not in seen:
                seen.add(text)
                self.texts[language].append((name, text))
        for texts in self.texts.values():
            texts.sort()
            r.shuffle(texts)

    def take(self, language):
        return self.texts[language].pop() if self.texts[language] else None


def crates():
    run = ["cargo", "metadata", "--format-version", "1", "--locked", "--offline"]
    found = json.loads(subprocess.check_output(run, cwd=CHECKOUT))["packages"]
    for package in sorted(found, key=lambda package: package["id"]):
        folder = pathlib.Path(package["manifest_path"]).parent
        if package["source"] is None or package["name"].startswith("windows"):
            continue
        for file in sorted(folder.rglob("*")):
            if file.suffix in LANGUAGE and file.is_file():
                yield f"{folder.name}/{file.relative_to(folder)}", file.read_bytes()


def packages(folder):
    for archive in sorted(folder.iterdir()):
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as members:
                for name in sorted(members.namelist()):
                    yield name, members.read(name)
        elif archive.name.endswith(".tar.gz"):
            with tarfile.open(archive) as members:
                for member in sorted(members.getmembers(), key=lambda member: member.name):
                    if member.isfile():
                        # Pygments keeps its examples of languages in a folder of tests.
                        yield member.name.replace("/tests/examplefiles/", "/examples/"), members.extractfile(member).read()


def documents():
    """Files of the system's packages, which differ from machine to machine; none are needed."""
    for file in sorted(pathlib.Path("/usr/share/doc").glob("*/examples/*")):
        if file.is_file() and not file.is_symlink():
            content = file.read_bytes()
            yield str(file.relative_to("/usr/share/doc")), gzip.decompress(content) if file.suffix == ".gz" else content


class Corpus:
    """The files of a corpus and their labels."""

    def __init__(self, kind, folder, seed, wheels):
        self.kind, self.folder, self.r = kind, folder, random.Random(seed)
        self.keys = Keys(3 if kind == "code" else 2)
        self.makers, self.labels, self.files = makers(self.keys), [], 0
        self.background = Background(self.r, wheels)

    def write(self, path, document):
        place = self.folder / "tree" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(document.text(), newline="")
        self.labels += document.rows(path)
        self.files += 1

    def finish(self):
        trues, falses = (sum(label["true"] is truth for label in self.labels) for truth in (True, False))
        if falses < trues * 1.5:
            raise SystemExit(f"{self.kind}: {falses} false labels for {trues} true ones")
        (self.folder / "labels.json").write_text(json.dumps(self.labels, indent=0))
        return {"files": self.files, "true": trues, "false": falses}


def plants(corpus, generics, urls, each, pems, jwts):
    """(language, text, labels) of every secret of the code corpus, in a random order."""
    r, made = corpus.r, []
    for number in range(generics):
        language = list(generic.CODE)[number // 2 % len(generic.CODE)] if number % 2 else r.choice(["py", "js", "yml", "sh", "sh", "sh", "md", "sql", "json", "xml", "env", "properties", "ini", "java", "php", "go"])
        family = "config" if language in {"yml", "json", "xml", "env", "properties", "ini", "toml", "tf", "dockerfile"} else "command" if language == "sh" else "prose" if language == "md" else "code"
        made.append((language, *render(r.choice(generic.CODE[language]), r, corpus.makers, f"password in {family}")))
    for number in range(urls):
        language = r.choice(list(generic.URL_LINES))
        line = re.sub(r"\bURL\b", generic.URLS[number % len(generic.URLS)], r.choice(generic.URL_LINES[language]))
        made.append((language, *render(line, r, corpus.makers, "URL")))
    for name, variable, _, make in providers.TABLE * each:
        language = r.choice(list(generic.TOKEN_LINES))
        spelt = variable if r.random() < 0.6 or language in ("c", "dockerfile", "env") else variable.lower()
        if name not in NAMELESS and r.random() < 0.25:
            spelt = r.choice(["token", "value", "key", "auth", "credential"])
        line = r.choice(generic.TOKEN_LINES[language]).replace("TOKEN", "\0").replace("NAME", spelt).replace("\0", "@{provider:%s}" % name)
        made.append((language, *render(line, r, corpus.makers, f"token: {name}")))
    for number in range(pems):
        name = list(RECIPES)[number % len(RECIPES)]
        form = number // len(RECIPES) % 4
        template = {0: ("key", f"@{{pem:{name}}}\n"), 1: ("py", f'KEY = """@{{pem:{name}}}"""\n'), 2: ("md", f"```\n@{{pem:{name}}}\n```\n"), 3: ("json", '{ "private_key": "@{pemjson}" }\n')}[form]
        made.append((template[0], *render(template[1], r, corpus.makers, "private key")))
    for number in range(jwts):
        language = r.choice(["py", "js", "yml", "env", "sh", "json", "md"])
        line = r.choice(generic.TOKEN_LINES[language]).replace("NAME", r.choice(["SERVICE_JWT", "session", "SUPABASE_KEY", "bearer"]))
        line = line.replace("TOKEN", "@{jwt}")
        made.append((language, *render(line, r, corpus.makers, "JWT")))
    r.shuffle(made)
    return made


def code(corpus, scale):
    r = corpus.r
    waiting = collections.defaultdict(list)
    for language, text, labels in plants(corpus, 420 * scale // 2, 190 * scale // 2, 2 * scale, 60 * scale // 2, 60 * scale // 2):
        waiting[language].append((text, labels))
    for language in sorted(waiting):
        pending, number = waiting[language], 0
        while pending:
            now = [pending.pop() for _ in range(min(len(pending), r.choice([1, 1, 2, 3])))]
            falses = [render(r.choice(negatives.LINES[language]), r, corpus.makers, "") for _ in range(len(now) * 2 + 1)] if language in negatives.LINES else []
            number += 1
            if language in ("json", "key"):
                for at, piece in enumerate(now + falses):
                    document = Document()
                    document.add(*piece)
                    corpus.write(f"{language}/{number:03}/{'config' if language == 'json' else 'server'}-{at}.{language}", document)
                continue
            compose(corpus, language, number, now + falses)


def compose(corpus, language, number, pieces):
    """One file: the pieces at random lines of a real text, or one after the other."""
    r, document = corpus.r, Document()
    r.shuffle(pieces)
    taken = corpus.background.take(language)
    if taken is None or language in OWN_FILES:
        for text, labels in pieces:
            document.add(r.choice(["", "", "\n"]))
            document.add(text, labels)
        corpus.write(f"{language}/{number:03}/{OWN_FILES.get(language, 'main.' + language)}", document)
        return
    name, text = taken
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    places = sorted(r.randrange(len(lines) + 1) for _ in pieces)
    last = 0
    for place, (piece, labels) in zip(places, pieces):
        document.add("".join(lines[last:place]))
        following = lines[place] if place < len(lines) else ""
        prefix = re.match(r"[ \t]*", following).group() if language in ("rs", "js", "ts") else ""
        document.add(*indented(piece, labels, prefix))
        last = place
    document.add("".join(lines[last:]))
    corpus.write(f"{language}/{number:03}/{pathlib.PurePath(name).name}", document)


FAMILY = [("provider", "token"), ("pem", "private key"), ("keyb64", "private key"), ("jwt", "JWT"), ("grefresh", "token"), ("wg", "private key"), ("crypt", "password hash"), ("apr1", "password hash"), ("tok", "token")]


def dotfiles(corpus, scale):
    r = corpus.r
    homes = [f"home/{name}" for name in ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")][:2 + 2 * scale]
    for home in homes:
        for path, template in FILES:
            corpus.write(f"{home}/{path}", whole(corpus, path, template))
        for path, template in CLEAN * 4:
            corpus.write(f"{home}/{r.choice(['src', 'work', 'old'])}/{r.randrange(10**4)}/{path}", whole(corpus, path, template))
    for language in sorted(corpus.background.texts):
        for _ in range(10 * scale):
            taken = corpus.background.take(language)
            if taken:
                document = Document()
                document.add(taken[1])
                corpus.write(f"home/alice/src/vendor/{taken[0]}", document)


def whole(corpus, path, template):
    """A file of one template; each mark's kind follows from its maker."""
    document, last = Document(), 0
    for mark in re.finditer(r"@\{([a-z0-9]+)(?:\|[a-z0-9]+)?(?::([^}]*))?\}", template):
        maker, name = mark.groups()
        in_url = "://" in template[template.rfind("\n", 0, mark.start()) + 1:mark.start()] and maker in ("upw", "epw")
        kind = next((family for start, family in FAMILY if start in maker), "URL" if in_url else "password in a dotfile")
        kind = f"token: {name}" if maker.startswith("provider") else kind
        document.add(*render(template[last:mark.end()], corpus.r, corpus.makers, kind))
        last = mark.end()
    document.add(*render(template[last:], corpus.r, corpus.makers, ""))
    return document


def make(kind, folder, wheels, seed=None, scale=2):
    """Writes the corpus below `folder` and tells how many files, true and false labels it has."""
    corpus = Corpus(kind, folder, SEEDS[kind] if seed is None else seed, wheels)
    {"code": code, "dotfiles": dotfiles}[kind](corpus, scale)
    return corpus.finish()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=SEEDS)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--wheels", type=pathlib.Path, required=True, help="folder of the pinned projects, as bench/scan downloads them")
    options = parser.parse_args()
    print(make(options.kind, options.folder, options.wheels, options.seed))

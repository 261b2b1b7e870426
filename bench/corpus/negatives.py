"""What looks like a secret and is none: hard negatives, each with its reason as its kind.

Known example keys of documentations are in two parts each, so that this file holds none in one piece.
"""

import base64
import hashlib
import string
import uuid as standard

from providers import BASE62, BASE64, HEX, hexes, pick, uuid
from words import word

PLACEHOLDERS = ["changeme", "change-me", "CHANGE_ME", "your_password_here", "YOUR-API-KEY", "your-secret-key", "<password>", "<your-token>", "xxxxxxxxxxxx", "XXXXXXXXXXXXXXXX", "********",
                "****************", "[REDACTED]", "REPLACE_ME", "replace-with-your-token", "TODO", "insert_password", "example", "example-password", "dummy", "placeholder", "...", "<secret>",
                "${PASSWORD}", "$PASSWORD", "{{ password }}", "{{ vault_db_password }}", "%(password)s", "{password}", "$(cat /run/secrets/db)", "@password@", "#{password}", "${{ secrets.TOKEN }}",
                "${DB_PASSWORD:-}", "${DB_PASSWORD:?missing}", "<%= ENV['PASSWORD'] %>", "__PASSWORD__", "{{.Values.password}}", "none", "null", "true", "0000000000000000", "1234567890abcdef" "1234567890abcdef"]
EXAMPLES = [("AKIA", "IOSFODNN7EXAMPLE"), ("wJalrXUtnFEMI/", "K7MDENG/bPxRfiCYEXAMPLEKEY"), ("sk_test_", "4eC39HqLyjWDarjtT1zdp7dc"), ("ghp_", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
            ("AKIA", "XXXXXXXXXXXXXXXX"), ("sk-", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), ("glpat-", "xxxxxxxxxxxxxxxxxxxx"), ("xoxb-", "your-token-here"), ("hvs.", "your-vault-token")]
# RFC 8032 (7.1, test 1), RFC 6455 (1.3), RFC 4231 (case 2), FIPS 197 (A and C): published for everybody.
VECTORS = ["9d61b19deffd5a60ba844af492ec2cc4" "4449c5697b326919703bac031cae7f60", "dGhlIHNhbXBsZSBub25jZQ==", "5bdcc146bf60754e6a042426089575c7" "5a003f089d2739839dec58b964ec3843",
           "000102030405060708090a0b0c0d0e0f", "2b7e151628aed2a6abf7158809cf4f3c"]
I18N = ["Enter your password", "Forgot password?", "Password must be at least 8 characters", "Passwort vergessen", "Mot de passe", "The password is wrong", "Reset password", "Secret question",
        "Your API token has expired", "Confirm new password", "incorrect username or password", "password-input", "Kennwort wiederholen", "token is required"]
CALLS = ['os.environ["DB_PASSWORD"]', 'os.getenv("SECRET_KEY")', "getpass.getpass()", "process.env.API_TOKEN", "generate_password(16)", "config.get('password')", "request.form['password']", "System.getenv(\"TOKEN\")",
         "self.password", "hash_password(raw)", "Vault.read(path)", "secrets.token_hex(32)", "crypto.randomBytes(32).toString('hex')", "user.password", "settings.SECRET_KEY", "keyring.get_password(service, name)"]


def digest(r, argument="sha256"):
    return hashlib.new(argument, r.randbytes(16)).hexdigest()


def integrity(r):
    return "sha512-" + base64.b64encode(r.randbytes(64)).decode()


def image(r):
    return "data:image/png;base64,iVBORw0KGgo" + pick(r, BASE64, r.randrange(120, 600)) + "="


def minified(r):
    names = [pick(r, string.ascii_lowercase, 1) for _ in range(6)]
    body = ";".join(f"var {n}=function({a},{b}){{return {a}.token={b}.k||{a}[{r.randrange(99)}]}}" for n, a, b in zip(names, names[1:], names[2:]))
    return f"!function(){{{body}}}();"


def encrypted(r):
    blob = pick(r, BASE64, 44)
    return r.choice([f"ENC[AES256_GCM,data:{blob},iv:{pick(r, BASE64, 43)}=,tag:{pick(r, BASE64, 22)}==,type:str]", f"vault:v1:{blob}{pick(r, BASE64, 40)}=", f"ENC({blob}=)",
                     f"AgB{pick(r, BASE64, 300)}==", f"{{cipher}}{hexes(r, 96)}", f"gpg:{blob}"])


MAKERS = {
    "hash": digest, "uuid": lambda r: uuid(r), "uuid5": lambda r: str(standard.UUID(int=r.getrandbits(128))).upper(), "placeholder": lambda r: r.choice(PLACEHOLDERS),
    "example": lambda r: "".join(r.choice(EXAMPLES)), "vector": lambda r: r.choice(VECTORS), "i18n": lambda r: r.choice(I18N), "call": lambda r: r.choice(CALLS), "integrity": integrity,
    "image": image, "minified": minified, "encrypted": encrypted, "etag": lambda r: pick(r, HEX, r.choice([10, 16, 32])), "commit": lambda r: hexes(r, 40),
    "id": lambda r: pick(r, BASE62, r.choice([11, 16, 20, 22, 24])), "cssid": lambda r: f"{word(r)}-{pick(r, BASE62, 5)}__{word(r)}", "identifier": lambda r: f"{word(r)}_{r.choice(['password', 'token', 'secret'])}_{word(r)}",
    "path": lambda r: f"/run/secrets/{word(r)}-{r.choice(['password', 'token', 'key'])}", "gosum": lambda r: "h1:" + base64.b64encode(r.randbytes(32)).decode(),
    "sshpublic": lambda r: "AAAAC3NzaC1lZDI1NTE5AAAAI" + pick(r, BASE64, 43), "age1": lambda r: "age1" + pick(r, "qpzry9x8gf2tvdw0s3jn54khce6mua7l", 58),
    "lookup": lambda r: r.choice(["$(pass show db)", "$(op read op://home/db/password)", "$(cat /run/secrets/db)", "`vault read -field=pw db`"]),
    "number": lambda r: pick(r, string.digits, r.choice([8, 10, 16])), "pubkey": lambda r: "pk_live_" + pick(r, BASE62, 24),
}

# Language -> templates.
LINES = {
    "py": ['password = ~{call}\n', 'PASSWORD = "~{placeholder}"\n', 'SHA256 = "~{hash:sha256}"\n', '    "md5": "~{hash:md5}",\n', 'REQUEST_ID = "~{uuid}"\n', 'PASSWORD_LABEL = _("~{i18n}")\n', 'password_field = "~{identifier}"\n',
           'assert digest(b"abc").hexdigest() == "~{hash:sha1}"\n', 'token = "~{placeholder}"\n', 'TEST_VECTOR_KEY = "~{vector}"\n', 'api_key = "~{example}"\n', 'LOGO = "~{image}"\n', 'SECRET_PATH = "~{path}"\n',
           'COMMIT = "~{commit}"\n', 'secret = "~{encrypted}"\n', 'url = "postgres://user' ':~{placeholder}@localhost/db"\n', 'key_id = "~{id}"\n'],
    "rs": ['let password = ~{call};\n', 'const CHECKSUM: &str = "~{hash:sha256}";\n', 'let id = "~{uuid}";\n', 'let key = "~{vector}";\n', '/// let client = Client::with_token("~{placeholder}");\n', 'const COMMIT: &str = "~{commit}";\n',
           'assert_eq!(token_name, "~{identifier}");\n', 'let public = "ssh-ed25519 ~{sshpublic}";\n', 'let recipient = "~{age1}";\n', 'let etag = "~{etag}";\n', 'let secret_path = "~{path}";\n'],
    "js": ['const password = ~{call};\n', "const secret = '~{placeholder}';\n", '~{minified}\n', 'const logo = "~{image}";\n', 'el.className = "~{cssid}";\n', "label: '~{i18n}',\n", '  integrity: "~{integrity}",\n', 'const apiKey = "~{example}";\n',
           'const publishable = "~{pubkey}";\n', 'const videoId = "~{id}";\n', 'passwordInputId: "~{identifier}",\n'],
    "ts": ["password: string = ~{call};\n", "tokenName = '~{identifier}';\n", "readonly etag = '~{etag}';\n"],
    "java": ['        String password = ~{call};\n', '        String hint = "~{i18n}";\n', '        String sha = "~{hash:sha1}";\n', '        String apiKey = "~{placeholder}";\n', '        UUID.fromString("~{uuid}");\n'],
    "go": ['\tpassword := ~{call}\n', '\t// ~{gosum}\n', '\tsum := "~{hash:sha256}"\n', '\ttoken := "~{placeholder}"\n', '\tsecretFile := "~{path}"\n'],
    "rb": ["  password = ~{call}\n", "  secret = '~{placeholder}'\n", '  sha256 "~{hash:sha256}"\n'],
    "php": ["$password = ~{call};\n", "$lang['password'] = '~{i18n}';\n", "define('DB_PASSWORD', '~{placeholder}');\n"],
    "cs": ['    var password = ~{call};\n', '    Guid.Parse("~{uuid}");\n', '    var secret = "~{placeholder}";\n'], "c": ['#define PASSWORD_PROMPT "~{i18n}"\n', 'static const char *digest = "~{hash:md5}";\n'],
    "kt": ['    val password = ~{call}\n', '    val id = "~{uuid}"\n'], "swift": ['    let password = ~{call}\n', '    let tokenKey = "~{identifier}"\n'], "pl": ["my $password = ~{call};\n", "my $md5 = '~{hash:md5}';\n"],
    "scala": ['  val token = ~{call}\n'], "ps1": ['$Token = "~{placeholder}"\n', '$Hash = "~{hash:sha256}"\n'], "lua": ['local token = ~{call}\n', 'local digest = "~{hash:sha1}"\n'],
    "sh": ['export DB_PASSWORD="~{placeholder}"\n', "echo '~{hash:sha256}  archive.tar.gz' | sha256sum -c\n", 'PASSWORD=~{lookup}\n', "git checkout ~{commit}\n", "read -s -p '~{i18n}: ' PASSWORD\n",
           "curl -u %{user}:~{placeholder} https://%{host}/\n", "TOKEN_FILE=~{path}\n", 'curl -H "If-None-Match: ~{etag}" https://%{host}/\n', "ssh-ed25519 ~{sshpublic} %{user}@laptop\n", "curl -H \"Authorization: Bearer ~{placeholder}\" https://%{host}/\n"],
    "yml": ["password: ~{placeholder}\n", "db_password: '~{encrypted}'\n", "  token: ~{placeholder}\n", "  sha256: ~{hash:sha256}\n", "- uses: actions/checkout@~{commit}\n", "  image: registry/app@sha256:~{hash:sha256}\n", "password_prompt: ~{i18n}\n", "  secretName: ~{identifier}\n",
            "  valueFrom:\n    secretKeyRef:\n      name: db\n      key: ~{identifier}\n", "id: ~{uuid}\n", "  passwordFile: ~{path}\n", "secret_access_key: ~{example}\n", "  key: ~{age1}\n"],
    "json": ['{ "password": "~{placeholder}" }\n', '{ "resolved": "https://%{host}/a.tgz", "integrity": "~{integrity}" }\n', '{ "id": "~{uuid}", "etag": "~{etag}" }\n', '{ "passwordLabel": "~{i18n}" }\n', '{ "sha1": "~{hash:sha1}", "key": "~{id}" }\n', '{ "token": "~{encrypted}" }\n', '{ "gitHead": "~{commit}" }\n'],
    "toml": ['checksum = "~{hash:sha256}"\n', 'password = "~{placeholder}"\n', 'rev = "~{commit}"\n', 'token_env = "~{identifier}"\n', 'hash = "sha256:~{hash:sha256}"\n'],
    "ini": ["password = ~{placeholder}\n", "secret_file = ~{path}\n", "checksum = ~{hash:md5}\n", "password = ~{encrypted}\n"], "properties": ["db.password=~{placeholder}\n", "label.password=~{i18n}\n", "distributionSha256Sum=~{hash:sha256}\n", "db.password=~{encrypted}\n"],
    "xml": ['<user password="~{placeholder}"/>\n', '<string name="password">~{i18n}</string>\n', "<ProjectGuid>{~{uuid5}}</ProjectGuid>\n", "<password>~{encrypted}</password>\n"],
    "env": ["DB_PASSWORD=~{placeholder}\n", "API_TOKEN=~{placeholder}\n", "COMMIT_SHA=~{commit}\n", "SECRET_FILE=~{path}\n", "STRIPE_PUBLISHABLE_KEY=~{pubkey}\n", "AWS_ACCESS_KEY_ID=~{example}\n"], "sql": ["-- password: ~{placeholder}\n", "UPDATE files SET md5 = '~{hash:md5}';\n"],
    "tf": ['  password = var.~{identifier}\n', '  source_code_hash = "~{hash:sha256}"\n', '  token = "~{placeholder}"\n'], "md": ["Set `password` to `~{placeholder}`.\n", "The checksum is `~{hash:sha256}`.\n", "Fixed in ~{commit}.\n", "For example `~{example}`.\n", "Request ~{uuid} failed.\n", "    export API_KEY=~{placeholder}\n"],
    "dockerfile": ["ENV DB_PASSWORD=~{placeholder}\n", "FROM alpine@sha256:~{hash:sha256}\n", "ARG COMMIT=~{commit}\n"],
}

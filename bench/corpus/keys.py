"""Private keys, certificates and JWTs that are real: made by openssl and ssh-keygen, signed by them or with HMAC.

Keys are new at each run (the programs cannot be seeded), so a corpus is the same in everything but their characters.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import tempfile

from providers import pick, uuid, BASE62

RECIPES = {
    "pem-pkcs8-rsa": "openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key",
    "pem-rsa": "openssl genrsa -traditional -out key 2048",
    "pem-pkcs8-ec": "openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key",
    "pem-ec": "openssl ecparam -name secp384r1 -genkey -noout -out key",
    "pem-ed25519": "openssl genpkey -algorithm ED25519 -out key",
    "pem-encrypted": "openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes-256-cbc -pass pass:{password} -out key",
    "pem-dsa": "openssl genpkey -quiet -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out parameters && "
               "openssl gendsa -out key.8 parameters 2>/dev/null && openssl pkey -in key.8 -traditional -out key",
    "openssh-ed25519": "ssh-keygen -q -t ed25519 -N '' -C {user}@laptop -f key",
    "openssh-rsa": "ssh-keygen -q -t rsa -b 2048 -N '' -C {user}@build -f key",
    "openssh-ecdsa": "ssh-keygen -q -t ecdsa -N '' -C {user} -f key",
}


class Keys:
    """Keys of every recipe, made once and handed out in turn."""

    def __init__(self, each):
        self.private, self.public, self.certificates = {}, [], []
        with tempfile.TemporaryDirectory() as folder:
            for name, recipe in RECIPES.items():
                for number in range(each if name != "pem-dsa" else 1):
                    place = pathlib.Path(folder) / f"{name}-{number}"
                    place.mkdir()
                    self.make(place, recipe.format(password="corpus", user="alice"), name)

    def make(self, place, recipe, name):
        subprocess.run(recipe, shell=True, cwd=place, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.private.setdefault(name, []).append((place / "key").read_text())
        if (place / "key.pub").exists():
            self.public.append((place / "key.pub").read_text().strip())
        elif name in ("pem-rsa", "pem-pkcs8-ec"):
            run = ["openssl", "pkey", "-in", "key", "-pubout"]
            self.public.append(subprocess.check_output(run, cwd=place, text=True).strip())
            run = ["openssl", "req", "-x509", "-new", "-key", "key", "-days", "30", "-subj", "/CN=box.example.net"]
            self.certificates.append(subprocess.check_output(run, cwd=place, text=True).strip())

    def pem(self, r, name):
        return r.choice(self.private[name])

    def jwt(self, r):
        """HS256, HS512 or EdDSA over claims as session and service tokens have them."""
        def part(content):
            raw = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
            return base64.urlsafe_b64encode(raw).decode().rstrip("=")
        algorithm = r.choice(["HS256", "HS512"])
        born = 1700000000 + r.randrange(80000000)
        claims = r.choice([
            {"sub": str(r.randrange(10**9)), "name": r.choice(["Dana Reyes", "Lee Okafor"]), "iat": born, "exp": born + 86400 * 365},
            {"iss": "supabase", "ref": pick(r, "abcdefghijklmnopqrst", 20), "role": "service_role", "iat": born, "exp": born + 10**8},
            {"jti": uuid(r), "aud": "api.nordwind.io", "scope": ["read", "write"], "client_id": pick(r, BASE62, 20)}])
        body = part({"alg": algorithm, "typ": "JWT"}) + "." + part(claims)
        digest = hashlib.sha256 if algorithm == "HS256" else hashlib.sha512
        return body + "." + part(hmac.new(r.randbytes(32), body.encode(), digest).digest())

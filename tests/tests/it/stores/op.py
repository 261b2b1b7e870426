#!/usr/bin/python3
"""Stand-in for 1Password's `op` 2 with a service account; see op.rs."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VAULT = "@VAULT@"


def fail(words, status=1):
    print(f"[ERROR] 2026/11/22 12:00:00 {words} (planted-words)", file=sys.stderr)
    sys.exit(status)


def load():
    with open(os.path.join(HERE, "items.json")) as file:
        return json.load(file)


def save(items):
    with open(os.path.join(HERE, "items.json"), "w") as file:
        json.dump(items, file)


def template():
    text = sys.stdin.read()
    try:
        item = json.loads(text)
    except ValueError:
        fail("invalid JSON in piped input")
    for field in item.get("fields", []):
        if field.get("type") not in ("STRING", "CONCEALED"):
            fail("unknown field type")
    return item


def number(items, item):
    for at, field in enumerate(item["fields"]):
        if not field.get("id"):
            field["id"] = f"n{len(items)}x{at}x{len(item['fields'])}"
    return item


with open(os.path.join(HERE, "given"), "a") as file:
    print(json.dumps({"argv": sys.argv[1:], "env": dict(sorted(os.environ.items()))}), file=file)
if os.environ.get("OP_SERVICE_ACCOUNT_TOKEN") != "@TOKEN@":
    fail("error initializing client: invalid service account token")
if not os.access(os.environ["OP_CONFIG_DIR"], os.W_OK):
    fail("cannot open the configuration directory")
fault = os.path.join(HERE, "fault")
if os.path.exists(fault):
    with open(fault) as file:
        kind = file.read()
    if kind == "limit":
        fail("Too many requests. Your client has been rate-limited. Try again in a few seconds")
    if kind == "forbidden":
        fail("403: Forbidden: you do not have permission to perform this action")
    if kind == "crash":
        fail("panic", 2)
    print("<html>sign in</html>" if kind == "html" else "")
    sys.exit(0)

words = sys.argv[1:]
options = {}
plain = []
while words:
    word = words.pop(0)
    if word.startswith("--"):
        options[word] = words.pop(0)
    else:
        plain.append(word)
if set(options) - {"--vault", "--format"} or options.get("--format", "json") != "json":
    fail("unknown flag")
items = load()
if plain == ["vault", "list"]:
    print(json.dumps([{"id": VAULT, "name": "House", "content_version": 7}]))
    sys.exit(0)
if plain == ["service-account", "ratelimit"]:
    print(json.dumps([
        {"type": "token", "action": "write", "limit": 100, "used": 0, "remaining": 100, "reset": 0},
        {"type": "token", "action": "read", "limit": 1000, "used": 12, "remaining": 988, "reset": 60},
        {"type": "account", "action": "read_write", "limit": 1000, "used": 12, "remaining": 988, "reset": 3600},
    ]))
    sys.exit(0)
if options.get("--vault") != VAULT:
    fail("isn't a vault in this account")
if plain == ["item", "list"]:
    keep = ("id", "title", "version", "vault", "category")
    print(json.dumps([{k: v for k, v in item.items() if k in keep} for item in items.values()]))
elif plain[:2] == ["item", "get"] and plain[2] in items:
    print(json.dumps(items[plain[2]]))
elif plain == ["item", "create", "-"]:
    item = template()
    if item["category"] != "API_CREDENTIAL" or "id" in item:
        fail("this template is of another form")
    item["id"] = f"{len(items):026}"
    item["vault"] = {"id": VAULT, "name": "House"}
    items[item["id"]] = number(items, item)
    save(items)
    print(json.dumps(item))
elif plain[:2] == ["item", "edit"] and len(plain) == 3 and plain[2] in items:
    item = template()
    if item.get("id") != plain[2] or item.get("tags") != items[plain[2]].get("tags"):
        fail("the template lost a part of the item")
    items[plain[2]] = number(items, item)
    save(items)
    print(json.dumps(item))
elif plain[:2] == ["item", "delete"] and len(plain) == 3 and plain[2] in items:
    del items[plain[2]]
    save(items)
else:
    fail("unknown command or item")

"""Passwords as people make them, and the names of users, hosts and databases around them."""

import string

from providers import BASE62, BASE64URL, HEX, pick

WORDS = """
winter summer autumn spring monday friday sunday october december january dragon tiger falcon panther eagle wolf shadow hunter
ranger soccer hockey tennis cricket rugby silver golden purple orange yellow magenta crimson coffee cookie banana cherry mango
pepper ginger chocolate cheese butter pizza burrito guitar piano violin trumpet drummer matrix phoenix galaxy saturn jupiter
mercury neptune cosmos rocket shuttle station harbor bridge castle tower garden meadow forest river canyon mountain glacier
island beach sunset sunrise thunder lightning rainbow blizzard michael jessica daniel charlie andrew joshua matthew amanda
jennifer ashley nicole thomas robert george harley buster bailey maggie molly rocky lucky smokey berlin london paris madrid
lisbon vienna prague oslo dublin chicago boston denver dallas austin seattle toronto sydney letmein welcome trustno iloveyou
sunshine princess master superman batman starwars pokemon zelda mario hello secret whatever computer internet keyboard monitor
printer battery staple correct horse turtle rabbit monkey donkey kitten puppy penguin dolphin octopus lobster spider beetle
hornet cobra viper python anaconda marmalade sandwich umbrella pancake biscuit lantern compass anchor voyage pirate treasure
wizard goblin knight samurai ninja viking spartan trojan gladiator emperor kingdom empire republic liberty freedom justice
""".split()

USERS = """admin root app deploy backup svc-app webuser jenkins alice bob carol dave erin frank grace heidi ivan judy mallory oscar
peggy trent victor walter dbadmin postgres readonly reporting batch etl monitor grafana sync mailer wordpress magento drupal
gitlab-ci build release ops sre robot bi_user api_user billing accounts m.keller jsmith a.novak""".split()
COMPANIES = "acme nordwind kestrel bluepine tamarack ferrous quillon halyard orchard lumen brightwater stonegate".split()
ROLES = "db mysql pg mongo redis cache mq rabbit ldap smtp mail ftp sftp files nas git ci repo registry web api proxy vpn".split()
ZONES = "internal corp lan prod.local svc.cluster.local intra home.arpa net io".split()
DATABASES = "app shop orders billing users inventory analytics warehouse wordpress crm tickets events ledger forum wiki".split()
LEET = str.maketrans({"a": "@", "e": "3", "i": "1", "o": "0", "s": "5"})
# What needs no escaping inside quotes of any language, XML, a shell word in double quotes, or an INI value.
MARKS = "!*-_.+=@,^"
URL_MARKS = "!*-_.~"


def word(r):
    return r.choice(WORDS)


def human(r, marks=MARKS):
    """One to three words with digits, capitals and marks."""
    style = r.randrange(9)
    if style == 0:
        text = word(r).capitalize() + str(r.randrange(1960, 2027)) + r.choice(marks)
    elif style == 1:
        text = word(r) + pick(r, string.digits, r.randrange(2, 5))
    elif style == 2:
        text = word(r).capitalize().translate(LEET).replace("@", "4" if "@" not in marks else "@") + pick(r, string.digits, 2) + r.choice(marks)
    elif style == 3:
        text = word(r) + r.choice("-_.") + word(r) + r.choice("-_.") + word(r)
    elif style == 4:
        text = word(r).capitalize() + word(r).capitalize() + str(r.randrange(10, 999))
    elif style == 5:
        text = r.choice(marks) + word(r) + pick(r, string.digits, 3) + word(r)[:3].upper()
    elif style == 6:
        text = word(r)[:4] + word(r)[:4].upper() + r.choice(marks) + pick(r, string.digits, 4)
    elif style == 7:
        text = "".join(word(r)[0] for _ in range(7)) + r.choice(marks) + pick(r, string.digits, 3)
    else:
        text = r.choice(COMPANIES) + r.choice(["DB", "Adm", "Prod", "2024", "99", "_rw"]) + r.choice(marks) + pick(r, string.digits, 2)
    return text[:24] if len(text) >= 6 else text + pick(r, string.digits, 6)


def random_password(r, marks=MARKS):
    """What a password store makes: eight to twenty-four characters."""
    length = r.randrange(8, 25)
    alphabet = r.choice([BASE62, BASE62 + marks, string.ascii_lowercase + string.digits])
    body = pick(r, alphabet, length - 2)
    return r.choice(string.ascii_letters) + body + r.choice(string.ascii_letters + string.digits)


def password(r):
    return human(r) if r.random() < 0.6 else random_password(r)


def url_password(r):
    return human(r, URL_MARKS) if r.random() < 0.55 else random_password(r, "-_.~")


def escaped_password(r):
    """For URLs: with characters that need percent-encoding, and that have it."""
    text = url_password(r)
    at = r.randrange(2, len(text) - 1)
    return (text[:at] + r.choice(["%40", "%23", "%2F", "%21", "%3A", "%25"]) + text[at:])[:26]


def token(r):
    """An opaque token of no provider: hexadecimal, base 62 or base 64."""
    style = r.randrange(4)
    if style == 0:
        return pick(r, HEX, r.choice([32, 40, 48, 64]))
    if style == 1:
        return pick(r, BASE62, r.choice([24, 32, 40, 43]))
    if style == 2:
        return pick(r, BASE64URL, r.choice([32, 43, 64]))
    return pick(r, BASE62 + "+/", r.choice([43, 42])) + "="


def user(r):
    return r.choice(USERS)


def host(r):
    name = r.choice(ROLES) + r.choice(["", "1", "2", "-01", "-prod", "-eu"])
    return f"{name}.{r.choice(COMPANIES)}.{r.choice(ZONES)}" if r.random() < 0.8 else f"10.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(1, 255)}"

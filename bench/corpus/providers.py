"""Credentials of providers, made from what each provider says of its own format.

A row is: name, the variable that usually holds it, the page that tells the format, and the maker. Nothing here is taken from a scanner's
expressions. Checksums are computed where their making is public (GitHub, npm, Grafana, Atlassian, age, Packagist); where a provider
says only that there is one (Cloudflare, GitLab's routable tokens beyond their published layout), its place is filled at random.
"""

import base64
import binascii
import json
import struct

DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"
UPPER = LOWER.upper()
HEX = "0123456789abcdef"
BASE62 = DIGITS + UPPER + LOWER
BASE64 = UPPER + LOWER + DIGITS + "+/"
BASE64URL = UPPER + LOWER + DIGITS + "-_"
BASE32 = UPPER + "234567"


def pick(r, alphabet, length):
    return "".join(r.choice(alphabet) for _ in range(length))


def hexes(r, length):
    return pick(r, HEX, length)


def uuid(r):
    return "-".join([hexes(r, 8), hexes(r, 4), "4" + hexes(r, 3), r.choice("89ab") + hexes(r, 3), hexes(r, 12)])


def base64_of(r, count):
    return base64.b64encode(r.randbytes(count)).decode()


def base62(number, width):
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = BASE62[digit] + text
    return text.rjust(width, "0")


def with_crc62(r, prefix):
    """GitHub's and npm's: 30 random characters, then the CRC-32 of them in base 62."""
    body = pick(r, BASE62, 30)
    return prefix + body + base62(binascii.crc32(body.encode()), 6)


def grafana(r):
    key = "gl" + "sa_" + pick(r, BASE62, 32)
    return f"{key}_{struct.pack('<I', binascii.crc32(key.encode())).hex()}"


def atlassian(r):
    body = "ATAT" + "T3xFfGF0" + pick(r, BASE64URL, 171) + "="
    return f"{body}{binascii.crc32(body.encode()):08X}"


def packagist(r):
    body = "packagist" + "_uut_" + hexes(r, 60)
    return f"{body}{binascii.crc32(body.encode()):08x}"


BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32(human, payload):
    """BIP 173."""
    def polymod(values):
        check = 1
        for value in values:
            top = check >> 25
            check = (check & 0x1FFFFFF) << 5 ^ value
            for at, generator in enumerate([0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]):
                check ^= generator if top >> at & 1 else 0
        return check
    bits = "".join(f"{byte:08b}" for byte in payload)
    bits += "0" * (-len(bits) % 5)
    words = [int(bits[at:at + 5], 2) for at in range(0, len(bits), 5)]
    expanded = [ord(c) >> 5 for c in human] + [0] + [ord(c) & 31 for c in human]
    check = polymod(expanded + words + [0] * 6) ^ 1
    words += [check >> 5 * (5 - at) & 31 for at in range(6)]
    return human + "1" + "".join(BECH32[word] for word in words)


def pypi(r):
    """A macaroon (version 2) of the index's location, as the serialisation of pymacaroons lays it out."""
    def packet(kind, content):
        return bytes([kind, len(content)]) + content
    identifier = uuid(r).encode()
    caveat = json.dumps({"version": 1, "permissions": "user"}).encode()
    raw = b"\x02" + packet(1, b"pypi" + b".org") + packet(2, identifier) + b"\x00"
    raw += packet(2, caveat) + b"\x00\x00" + packet(6, r.randbytes(32))
    return "pypi" + "-" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def sentry(r):
    body = {"iat": 1700000000 + r.randrange(90000000) + r.random(), "url": "https://sentry.io",
            "region_url": "https://us.sentry.io", "org": r.choice(["acme", "nordwind", "kestrel"])}
    return "sntrys" + "_" + base64.b64encode(json.dumps(body).encode()).decode() + "_" + pick(r, BASE64, 43)


def onepassword(r):
    body = {"signInAddress": "my.1password.com", "userAuth": {"method": "SRPg-4096", "alg": "PBES2g-HS256", "iterations": 650000,
            "salt": pick(r, BASE64URL, 22)}, "email": pick(r, LOWER + DIGITS, 13) + "@1passwordserviceaccounts.com",
            "srpX": hexes(r, 64), "muk": {"alg": "A256GCM", "ext": True, "k": pick(r, BASE64URL, 43), "key_ops": ["encrypt", "decrypt"],
            "kty": "oct", "kid": "mp"}, "secretKey": "A3" + "-" + pick(r, UPPER + DIGITS, 6) + "-" + pick(r, UPPER + DIGITS, 26),
            "throttleSecret": {"seed": hexes(r, 64), "uuid": pick(r, BASE32, 26)}, "deviceUuid": pick(r, LOWER + DIGITS, 26)}
    return "ops" + "_" + base64.urlsafe_b64encode(json.dumps(body, separators=(",", ":")).encode()).decode().rstrip("=")


def openai(r):
    return "sk-" + r.choice(["proj", "svcacct"]) + "-" + pick(r, BASE64URL, 74) + "T3Blbk" + "FJ" + pick(r, BASE64URL, 74)


def discord(r):
    identifier = base64.b64encode(str(r.randrange(10**17, 10**18)).encode()).decode().rstrip("=")
    return f"{identifier}.{pick(r, BASE64URL, 6)}.{pick(r, BASE64URL, 38)}"


def gitlab_routable(r):
    payload = base64.urlsafe_b64encode(r.randbytes(16) + b"o:1\nu:" + pick(r, DIGITS, 5).encode() + r.randbytes(1)).decode().rstrip("=")
    return "glpat" + "-" + payload + ".01." + base62(len(payload), 2).lower() + pick(r, DIGITS + LOWER, 7)


def one(prefix, alphabet, length, suffix=""):
    """A prefix in two parts, so that no part of this file looks like a token, and random characters behind it."""
    return lambda r: "".join(prefix) + pick(r, alphabet, length) + suffix


TABLE = [
    ("github-classic", "GITHUB_TOKEN", "github.blog/2021-04-05-behind-githubs-new-authentication-token-formats",
     lambda r: with_crc62(r, "gh" + r.choice("pous") + "_")),
    ("github-fine-grained", "GH_TOKEN", "docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github",
     lambda r: "github" + "_pat_" + pick(r, BASE62, 22) + "_" + pick(r, BASE62, 59)),
    ("npm", "NPM_TOKEN", "github.blog/changelog/2021-09-23-npm-has-a-new-access-token-format", lambda r: with_crc62(r, "npm" + "_")),
    ("gitlab-pat", "GITLAB_TOKEN", "docs.gitlab.com/security/tokens#token-prefixes", one(("gl", "pat-"), BASE64URL, 20)),
    ("gitlab-routable", "GITLAB_TOKEN", "handbook.gitlab.com/handbook/engineering/architecture/design-documents/cells/routable_tokens",
     gitlab_routable),
    ("gitlab-deploy", "CI_DEPLOY_PASSWORD", "docs.gitlab.com/security/tokens#token-prefixes", one(("gl", "dt-"), BASE64URL, 20)),
    ("gitlab-runner", "RUNNER_TOKEN", "docs.gitlab.com/security/tokens#token-prefixes", one(("gl", "rt-"), BASE64URL, 20)),
    ("aws-id", "AWS_ACCESS_KEY_ID", "docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html", one(("AK", "IA"), BASE32, 16)),
    ("aws-secret", "AWS_SECRET_ACCESS_KEY", "docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html",
     one(("",), BASE64, 40)),
    ("stripe", "STRIPE_SECRET_KEY", "docs.stripe.com/api/authentication; gitlab.com/gitlab-org/gitlab/-/issues/458019 (Stripe's own words)",
     lambda r: r.choice("sr") + "k_" + "live_" + pick(r, BASE62, r.choice([24, 99]))),
    ("stripe-webhook", "STRIPE_WEBHOOK_SECRET", "docs.stripe.com/webhooks#verify-official-libraries", one(("wh", "sec_"), BASE62, 32)),
    ("slack-bot", "SLACK_BOT_TOKEN", "api.slack.com/concepts/token-types",
     lambda r: "xo" + "xb-" + pick(r, DIGITS, 12) + "-" + pick(r, DIGITS, 13) + "-" + pick(r, BASE62, 24)),
    ("slack-app", "SLACK_APP_TOKEN", "api.slack.com/concepts/token-types",
     lambda r: "xa" + "pp-1-A" + pick(r, UPPER + DIGITS, 10) + "-" + pick(r, DIGITS, 13) + "-" + hexes(r, 64)),
    ("slack-webhook", "SLACK_WEBHOOK_URL", "api.slack.com/messaging/webhooks",
     lambda r: "https://hooks.slack.com" + "/services/T" + pick(r, UPPER + DIGITS, 8) + "/B" + pick(r, UPPER + DIGITS, 10) + "/" + pick(r, BASE62, 24)),
    ("google-api", "GOOGLE_API_KEY", "cloud.google.com/docs/authentication/api-keys", one(("AI", "za"), BASE64URL, 35)),
    ("google-oauth", "GOOGLE_CLIENT_SECRET", "developers.google.com/identity/protocols/oauth2", one(("GOC", "SPX-"), BASE64URL, 28)),
    ("openai", "OPENAI_API_KEY", "platform.openai.com/docs/api-reference/authentication", openai),
    ("anthropic", "ANTHROPIC_API_KEY", "openrouter.ai/docs/guides/features/guardrails/secret-formats; docs.anthropic.com/en/api/overview",
     one(("sk-", "ant-api03-"), BASE64URL, 93, "AA")),
    ("openrouter", "OPENROUTER_API_KEY", "openrouter.ai/docs/guides/features/guardrails/secret-formats", one(("sk-", "or-v1-"), HEX, 64)),
    ("huggingface", "HF_TOKEN", "huggingface.co/docs/hub/security-tokens", one(("h", "f_"), UPPER + LOWER, 34)),
    ("replicate", "REPLICATE_API_TOKEN", "replicate.com/docs/topics/security/api-tokens", one(("r", "8_"), BASE62, 37)),
    ("groq", "GROQ_API_KEY", "console.groq.com/docs/quickstart", one(("gs", "k_"), BASE62, 52)),
    ("xai", "XAI_API_KEY", "docs.x.ai/docs/tutorial", one(("xa", "i-"), BASE62, 80)),
    ("perplexity", "PERPLEXITY_API_KEY", "docs.perplexity.ai/guides/getting-started", one(("pp", "lx-"), BASE62, 48)),
    ("langsmith", "LANGSMITH_API_KEY", "docs.smith.langchain.com/administration/how_to_guides/organization_management/create_account_api_key",
     lambda r: "lsv2" + "_pt_" + hexes(r, 32) + "_" + hexes(r, 10)),
    ("nvidia", "NVIDIA_API_KEY", "docs.api.nvidia.com/nim/docs/api-quickstart", one(("nv", "api-"), BASE64URL, 64)),
    ("digitalocean", "DIGITALOCEAN_TOKEN", "docs.digitalocean.com/reference/api/create-personal-access-token", one(("do", "p_v1_"), HEX, 64)),
    ("heroku", "HEROKU_API_KEY", "devcenter.heroku.com/articles/platform-api-reference", uuid),
    ("twilio-auth", "TWILIO_AUTH_TOKEN", "twilio.com/docs/iam/access-tokens", one(("",), HEX, 32)),
    ("sendgrid", "SENDGRID_API_KEY", "docs.sendgrid.com/ui/account-and-settings/api-keys",
     lambda r: "S" + "G." + pick(r, BASE64URL, 22) + "." + pick(r, BASE64URL, 43)),
    ("mailgun", "MAILGUN_API_KEY", "documentation.mailgun.com/docs/mailgun/api-reference/mg-auth", one(("ke", "y-"), HEX, 32)),
    ("mailchimp", "MAILCHIMP_API_KEY", "mailchimp.com/developer/marketing/guides/quick-start",
     lambda r: hexes(r, 32) + "-us" + str(r.randrange(1, 22))),
    ("brevo", "BREVO_API_KEY", "developers.brevo.com/docs/getting-started",
     lambda r: "xkey" + "sib-" + hexes(r, 64) + "-" + pick(r, BASE62, 16)),
    ("shopify", "SHOPIFY_ACCESS_TOKEN", "shopify.dev/changelog/length-of-the-shopify-access-token-is-increasing",
     lambda r: "shp" + r.choice(["at", "ca", "pa", "ss"]) + "_" + hexes(r, 32)),
    ("square", "SQUARE_ACCESS_TOKEN", "developer.squareup.com/docs/build-basics/access-tokens", one(("EA", "AA"), BASE64URL, 60)),
    ("square-secret", "SQUARE_APPLICATION_SECRET", "developer.squareup.com/docs/oauth-api/overview", one(("sq", "0csp-"), BASE64URL, 43)),
    ("braintree", "BRAINTREE_ACCESS_TOKEN", "developer.paypal.com/braintree/articles/control-panel/important-gateway-credentials",
     lambda r: "access_token" + "$production$" + pick(r, LOWER + DIGITS, 16) + "$" + hexes(r, 32)),
    ("flutterwave", "FLW_SECRET_KEY", "developer.flutterwave.com/docs/authentication", one(("FLW", "SECK-"), HEX, 32, "-X")),
    ("telegram", "TELEGRAM_BOT_TOKEN", "core.telegram.org/bots/api#authorizing-your-bot",
     lambda r: pick(r, "123456789", 1) + pick(r, DIGITS, 9) + ":" + "AA" + pick(r, BASE64URL, 33)),
    ("discord", "DISCORD_TOKEN", "discord.com/developers/docs/reference#authentication", discord),
    ("discord-webhook", "DISCORD_WEBHOOK", "discord.com/developers/docs/resources/webhook",
     lambda r: "https://discord.com/api" + "/webhooks/" + pick(r, "123456789", 18) + "/" + pick(r, BASE64URL, 68)),
    ("cloudflare", "CLOUDFLARE_API_TOKEN", "developers.cloudflare.com/fundamentals/api/get-started/token-formats",
     lambda r: "cf" + r.choice(["ut", "at", "k"]) + "_" + pick(r, BASE62, 40) + hexes(r, 8)),
    ("pypi", "TWINE_PASSWORD", "pypi" ".org/help/#apitoken; github.com/ecordell/pymacaroons (layout)", pypi),
    ("rubygems", "GEM_HOST_API_KEY", "RubyGems guides, page api-key-scopes", one(("ruby", "gems_"), HEX, 48)),
    ("crates", "CARGO_REGISTRY_TOKEN", "github.com/rust-lang/crates" ".io/blob/main/src/util/token.rs", one(("ci", "o"), BASE62, 32)),
    ("nuget", "NUGET_API_KEY", "learn.microsoft.com/purview/sit-defn-nuget-api-key", one(("oy", "2"), LOWER + "234567", 43)),
    ("packagist", "COMPOSER_AUTH_TOKEN", "packagist.com/docs/composer-authentication#token-format", packagist),
    ("docker-hub", "DOCKERHUB_TOKEN", "github.com/docker/docker-agent/pull/2697 (Docker's own)", one(("dckr", "_pat_"), BASE62, 27)),
    ("vault", "VAULT_TOKEN", "developer.hashicorp.com/vault/docs/concepts/tokens#token-prefixes", one(("hv", "s."), BASE64URL, 95)),
    ("terraform-cloud", "TFE_TOKEN", "developer.hashicorp.com/terraform/cloud-docs/api-docs/user-tokens",
     lambda r: pick(r, BASE62, 14) + ".atlas" + "v1." + pick(r, BASE62, 67)),
    ("databricks", "DATABRICKS_TOKEN", "docs.databricks.com/dev-tools/auth/pat", one(("da", "pi"), HEX, 32)),
    ("datadog-app", "DD_APP_KEY", "docs.datadoghq.com/account_management/api-app-keys", one(("",), HEX, 40)),
    ("newrelic", "NEW_RELIC_API_KEY", "docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys", one(("NR", "AK-"), UPPER + DIGITS, 27)),
    ("grafana", "GRAFANA_TOKEN", "github.com/grafana/grafana/tree/main/pkg/components/satokengen", grafana),
    ("sentry-org", "SENTRY_AUTH_TOKEN", "docs.sentry.io/security-legal-pii/security/token-formats", sentry),
    ("sentry-user", "SENTRY_AUTH_TOKEN", "docs.sentry.io/security-legal-pii/security/token-formats", one(("sn", "tryu_"), HEX, 64)),
    ("postman", "POSTMAN_API_KEY", "learning.postman.com/docs/developer/postman-api/authentication",
     lambda r: "PM" + "AK-" + hexes(r, 24) + "-" + hexes(r, 34)),
    ("linear", "LINEAR_API_KEY", "developers.linear.app/docs/graphql/working-with-the-graphql-api", one(("lin", "_api_"), BASE62, 40)),
    ("notion", "NOTION_TOKEN", "developers.notion.com/page/changelog (2024-09-25)",
     lambda r: "nt" + "n_" + pick(r, DIGITS, 11) + pick(r, BASE62, 35)),
    ("airtable", "AIRTABLE_TOKEN", "airtable.com/developers/web/api/authentication",
     lambda r: "pa" + "t" + pick(r, BASE62, 14) + "." + hexes(r, 64)),
    ("atlassian", "JIRA_API_TOKEN", "docs.rs/dd-sensitive-data-scanner (checksum); support.atlassian.com manage-api-tokens", atlassian),
    ("bitbucket", "BITBUCKET_APP_PASSWORD", "support.atlassian.com/bitbucket-cloud/docs/app-passwords", one(("AT", "BB"), BASE62, 32)),
    ("dropbox", "DROPBOX_TOKEN", "developers.dropbox.com/oauth-guide", one(("s", "l."), BASE64URL, 136)),
    ("figma", "FIGMA_TOKEN", "developers.figma.com/docs/rest-api/authentication", one(("fig", "d_"), BASE64URL, 40)),
    ("doppler", "DOPPLER_TOKEN", "docs.doppler.com/reference/auth-token-formats", one(("dp.", "pt."), BASE62, 43)),
    ("netlify", "NETLIFY_AUTH_TOKEN", "docs.netlify.com/api/get-started", one(("nf", "p_"), BASE62, 36)),
    ("supabase", "SUPABASE_ACCESS_TOKEN", "supabase.com/docs/reference/api/introduction", one(("sb", "p_"), HEX, 40)),
    ("planetscale", "PLANETSCALE_SERVICE_TOKEN", "planetscale.com/docs/concepts/planetscale-api-oauth-applications", one(("pscale", "_tkn_"), BASE64URL, 43)),
    ("pulumi", "PULUMI_ACCESS_TOKEN", "pulumi.com/docs/pulumi-cloud/access-management/access-tokens", one(("pu", "l-"), HEX, 40)),
    ("tailscale", "TS_AUTHKEY", "tailscale.com/kb/1277/key-prefixes",
     lambda r: "tskey" + "-auth-k" + pick(r, BASE62, 11) + "CNTRL-" + pick(r, BASE62, 32)),
    ("onepassword", "OP_SERVICE_ACCOUNT_TOKEN", "developer.1password.com/docs/service-accounts", onepassword),
    ("azure-storage", "AZURE_STORAGE_KEY", "learn.microsoft.com/azure/storage/common/storage-account-keys-manage", lambda r: base64_of(r, 64)),
    ("azure-ad", "AZURE_CLIENT_SECRET", "learn.microsoft.com/purview/sit-defn-azure-ad-client-secret",
     lambda r: pick(r, BASE62, 3) + r.choice("78") + "Q" + "~" + pick(r, BASE62 + "_.-", 34)),
    ("azure-devops", "AZURE_DEVOPS_EXT_PAT", "learn.microsoft.com/purview/sit-defn-azure-devops-personal-access-token",
     lambda r: pick(r, BASE62, 76) + "AZ" + "DO" + pick(r, BASE62, 4)),
    ("hubspot", "HUBSPOT_TOKEN", "developers.hubspot.com/docs/guides/apps/private-apps/overview", lambda r: "pat" + "-na1-" + uuid(r)),
    ("contentful", "CONTENTFUL_MANAGEMENT_TOKEN", "contentful.com/developers/docs/references/authentication", one(("CF", "PAT-"), BASE64URL, 43)),
    ("typeform", "TYPEFORM_TOKEN", "typeform.com/developers/get-started/personal-access-token",
     lambda r: "tf" + "p_" + pick(r, BASE62, 44) + "_" + pick(r, BASE62, 14)),
    ("shippo", "SHIPPO_TOKEN", "docs.goshippo.com/docs/guides_general/authentication", one(("shippo", "_live_"), HEX, 40)),
    ("buildkite", "BUILDKITE_API_TOKEN", "buildkite.com/docs/apis/managing-api-tokens", one(("bk", "ua_"), HEX, 40)),
    ("circleci", "CIRCLE_TOKEN", "circleci.com/docs/managing-api-tokens",
     lambda r: "CCI" + "PAT_" + pick(r, BASE62, 22) + "_" + hexes(r, 40)),
    ("sonar", "SONAR_TOKEN", "docs.sonarsource.com/sonarqube-server/latest/user-guide/managing-tokens",
     lambda r: "sq" + r.choice("upa") + "_" + hexes(r, 40)),
    ("launchdarkly", "LAUNCHDARKLY_ACCESS_TOKEN", "launchdarkly.com/docs/home/account/api", lambda r: "ap" + "i-" + uuid(r)),
    ("dynatrace", "DYNATRACE_TOKEN", "docs.dynatrace.com/docs/dynatrace-api/basics/dynatrace-api-authentication",
     lambda r: "dt0" + "c01." + pick(r, BASE32, 24) + "." + pick(r, BASE32, 64)),
    ("prefect", "PREFECT_API_KEY", "docs.prefect.io/v3/manage/cloud/manage-users/api-keys", one(("pn", "u_"), BASE62, 36)),
    ("age", "SOPS_AGE_KEY", "github.com/C2SP/C2SP/blob/main/age.md#the-x25519-recipient-type",
     lambda r: bech32("age-secret-" + "key-", r.randbytes(32)).upper()),
    ("clojars", "CLOJARS_PASSWORD", "github.com/clojars/clojars-web/wiki/Deploy-Tokens", one(("CLO", "JARS_"), HEX, 60)),
    ("octopus", "OCTOPUS_API_KEY", "octopus.com/docs/octopus-rest-api/how-to-create-an-api-key", one(("AP", "I-"), UPPER + DIGITS, 32)),
    ("infracost", "INFRACOST_API_KEY", "infracost.io/docs", one(("ic", "o-"), BASE62, 32)),
    ("plaid", "PLAID_ACCESS_TOKEN", "plaid.com/docs/api/tokens", lambda r: "access" + "-production-" + uuid(r)),
    ("pinecone", "PINECONE_API_KEY", "docs.pinecone.io/guides/projects/manage-api-keys",
     lambda r: "pc" + "sk_" + pick(r, BASE62, 6) + "_" + pick(r, BASE62, 63)),
    ("elevenlabs", "ELEVENLABS_API_KEY", "elevenlabs.io/docs/api-reference/authentication", one(("s", "k_"), HEX, 48)),
    ("posthog", "POSTHOG_PERSONAL_API_KEY", "posthog.com/docs/api#authentication", one(("ph", "x_"), BASE62, 43)),
    ("resend", "RESEND_API_KEY", "resend.com/docs/dashboard/api-keys/introduction",
     lambda r: "r" + "e_" + pick(r, BASE62, 8) + "_" + pick(r, BASE62, 24)),
    ("adafruit", "AIO_KEY", "io.adafruit.com/api/docs", one(("ai", "o_"), BASE62, 28)),
    ("hetzner", "HCLOUD_TOKEN", "docs.hetzner.cloud/reference/cloud", one(("",), BASE62, 64)),
    ("linode", "LINODE_TOKEN", "techdocs.akamai.com/linode-api/reference/get-started", one(("",), HEX, 64)),
]


def providers():
    """Names of all providers, for counting."""
    return sorted({name.split("-")[0] for name, _, _, _ in TABLE})


if __name__ == "__main__":
    import random
    for name, variable, page, make in TABLE:
        print(f"{name:22} {len(make(random.Random(1))):4} {page}")
    print(len(TABLE), "formats of", len(providers()), "providers")

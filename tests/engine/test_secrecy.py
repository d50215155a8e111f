"""Secrets come from the environment: a literal is refused, and neither it nor a variable's value is shown."""

import pytest

from engine.errors import ConfigError
from engine.secrecy import check_no_literals, check_url, hidden, is_secret, put_in, shown

SECRETS = [  # what librdkafka redacts itself, and what others call theirs
    "sasl.password",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
    "ssl_key",
    "basic.auth.user.info",
    "bearer.auth.token",
    "bearer.auth.client.secret",
    "X-Amz-Signature",
    "api_key",
    "account_key",
    "AccessKey",
]
PUBLIC = [
    "ssl.key.location",
    "ssl.ca.pem",
    "ssl.certificate.pem",
    "sasl.username",
    "sasl.mechanisms",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.assertion.private.key.file",
    "basic.auth.credentials.source",
    "url_variable",
    "partition",
]


@pytest.mark.parametrize("key", SECRETS)
def test_a_literal_is_refused_and_not_shown(key: str) -> None:
    for literal in ("hunter2", 12345678, "", "$NAME", "${NAME", "hunter2 "):
        with pytest.raises(ValueError, match="no secret in the file itself") as refused:
            check_no_literals({key: literal})
        assert key in str(refused.value)
        assert "hunter2" not in str(refused.value)
        assert "12345678" not in str(refused.value)
    check_no_literals({key: "${NAME}"})
    assert shown(["kafka", "properties", key], "hunter2") == "a value that is not shown"
    assert "hunter2" not in shown(["kafka"], [{"properties": {key: "hunter2"}}])


@pytest.mark.parametrize("key", PUBLIC)
def test_what_is_about_a_secret_and_holds_none_may_stand_there(key: str) -> None:
    assert not is_secret(key)
    check_no_literals({key: "anything"})
    assert shown([key], "anything") == "'anything'"


LEAKS = [
    "postgresql+psycopg://keeper:hunter2@host/log",
    "postgresql://host/log?password=hunter2",
    "https://host/a.csv?x=1&X-Amz-Signature=hunter2&y=2",
    "https://host/a.csv?sig=hunter2",
    f"https://{'hunter2' * 6}@host/a.csv",
]


@pytest.mark.parametrize("url", LEAKS)
def test_an_address_with_a_password_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match=r"no password or token in the address at input\.path") as refused:
        check_url(url, "input.path")
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in hidden(f"cannot be read: {url}")
    check_url(url.replace("hunter2" * 6, "name").replace("hunter2", "${NAME}"), "input.path")


def test_what_was_put_in_is_taken_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_A", "s3cr/t\né")
    assert put_in("https://host/${CANARY_A}", "input.path") == "https://host/s3cr/t\né"
    for written in ("s3cr/t\né", "s3cr%2Ft%0A%C3%A9", repr("s3cr/t\né")[1:-1]):
        assert hidden(f"no {written} here") == "no ${CANARY_A} here"
    with pytest.raises(ConfigError, match=r"input\.path: the environment variable NOT_THERE is not set"):
        put_in("${NOT_THERE}", "input.path")

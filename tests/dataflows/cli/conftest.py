import pytest

from tests.support.typed import Typed


@pytest.fixture
def typed(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Typed:
    monkeypatch.setenv("BROWSER", "true")
    return Typed(capfd, monkeypatch)

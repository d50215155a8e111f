"""What `deploy/` holds can be used: manifests are what Kubernetes takes, files that are named are there."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from dataflows.config import load_config
from dataflows.runtime.run_setup import member

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = "1.31"


def manifests() -> list[dict[str, Any]]:
    text = (DEPLOY / "kubernetes/riverkeeper.yaml").read_text()
    return [found for found in yaml.safe_load_all(text) if found is not None]


@pytest.mark.parametrize("manifest", manifests(), ids=lambda found: str(found["kind"]))
def test_a_manifest_is_what_kubernetes_takes(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_the_validator_would_find_a_mistake() -> None:
    (wrong,) = [found for found in manifests() if found["kind"] == "StatefulSet"]
    wrong["spec"]["replicas"] = "two"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_the_cluster_has_an_address_for_each_replica_and_volumes_for_each_mount() -> None:
    (found,) = [found for found in manifests() if found["kind"] == "StatefulSet"]
    spec = found["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (command,) = container["args"]
    addresses = command.split("--addresses ")[1].split()[0]
    cluster = member(addresses, found["spec"]["replicas"] - 1, trust_network="--trust-network" in command)
    assert len(cluster.addresses) == found["spec"]["replicas"]
    service = found["spec"]["serviceName"]
    assert cluster.addresses[1] == f"{found['metadata']['name']}-1.{service}:2101"
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in spec["volumes"]
    }


def test_only_pods_of_the_app_reach_the_port_at_which_pickles_are_read() -> None:
    (policy,) = [found["spec"] for found in manifests() if found["kind"] == "NetworkPolicy"]
    (stateful,) = [found["spec"] for found in manifests() if found["kind"] == "StatefulSet"]
    app = {"podSelector": {"matchLabels": stateful["template"]["metadata"]["labels"]}}
    assert policy["podSelector"] == app["podSelector"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    reached = [
        (rule["from"], port) for rule in policy["ingress"] for port in rule["ports"] if port["port"] <= 2101
    ]
    assert reached == [([app], {"port": 2101})]
    (metrics,) = [port for rule in policy["ingress"] for port in rule["ports"] if port["port"] > 2101]
    shown = load_config(DEPLOY / "flow.toml").run.metrics
    assert shown is not None
    assert metrics["port"] == int(shown.rpartition(":")[2])
    assert metrics["endPort"] - metrics["port"] == stateful["replicas"] - 1


def test_the_flow_can_be_loaded_and_compose_makes_its_topics() -> None:
    flow = load_config(DEPLOY / "flow.toml")
    compose = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text())
    services = compose["services"]
    (script,) = services["topics"]["command"]
    made = script.split("for topic in ")[1].split(";")[0].split()
    assert flow.kafka is not None
    assert flow.kafka.input is not None
    wanted = {
        *flow.kafka.input.topics(),
        *flow.kafka.input.label_topics(),
        *flow.kafka.outputs.topics.values(),
    }
    assert set(made) == wanted
    assert flow.kafka.brokers == "kafka:9092"
    assert (DEPLOY / services["flow"]["build"]["context"] / services["flow"]["build"]["dockerfile"]).is_file()
    assert (DEPLOY / services["flow"]["volumes"][0].split(":")[0]).is_file()
    mounted = {volume.split(":")[0] for volume in services["flow"]["volumes"]} - {"./flow.toml"}
    assert mounted == {"runs"}


def test_every_file_that_compose_mounts_is_there() -> None:
    compose = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text())
    volumes = [volume for service in compose["services"].values() for volume in service.get("volumes", [])]
    files = [volume.split(":")[0] for volume in volumes if volume.startswith("./")]
    assert len(files) == 5
    assert all((DEPLOY / name).is_file() for name in files)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text())
    return found


def test_containers_of_compose_have_no_rights_but_those_they_need() -> None:
    for name, service in compose()["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service.get("read_only", False) or name == "kafka", name  # its image writes its own settings
        image = service.get("image") or service["build"]["args"]["PYTHON"]
        assert re.match(r"\$\{[A-Z]+_IMAGE:\?set it", image), name
    grafana = compose()["services"]["grafana"]
    assert grafana["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert grafana["ports"] == ["127.0.0.1:3000:3000"]
    assert [name for name, service in compose()["services"].items() if "ports" in service] == ["grafana"]


def test_compose_needs_each_password_and_the_example_names_them_all() -> None:
    text = (DEPLOY / "docker-compose.yml").read_text()
    required = set(re.findall(r"\$\{(\w+):\?", text))
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", text)) == required
    example = (DEPLOY / "example.env").read_text()
    assert set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) == required  # and no value is given
    flow = load_config(DEPLOY / "flow.toml").kafka
    assert flow is not None
    assert flow.properties["sasl.password"] == "${KAFKA_PASSWORD}"
    kafka = compose()["services"]["kafka"]["environment"]
    assert "PLAINTEXT" not in kafka["KAFKA_LISTENERS"]
    assert kafka["KAFKA_LISTENERS"].endswith("CONTROLLER://127.0.0.1:9093")  # which asks for no password
    assert "LOCKED:SASL_PLAINTEXT" in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"]


def test_pods_have_no_rights_but_those_they_need() -> None:
    (found,) = [found for found in manifests() if found["kind"] == "StatefulSet"]
    pod = found["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
    assert "initContainers" not in pod
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {*container["resources"]["limits"]} == {"cpu", "memory"}
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"/flow/runs", "/tmp"}  # noqa: S108


def test_the_image_is_no_tag_and_no_root_and_has_only_what_the_lock_says() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    assert "ARG PYTHON" in lines  # no default: it must be given, with its digest
    assert "FROM ${PYTHON}" in lines
    assert lines.index("USER 10001:10001") < lines.index('ENTRYPOINT ["riverkeeper"]')
    installs = [line for line in lines if "pip install" in line]
    assert len(installs) == 2
    assert all(
        "--no-deps" in line and ("--require-hashes" in line or "isolation ." in line) for line in installs
    )
    ignored = (DEPLOY.parent / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    sent = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert sent == {name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]}


def test_what_the_image_copies_is_there() -> None:
    copied = [
        line.split()[1:-1]
        for line in (DEPLOY / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY")
    ]
    assert all((DEPLOY.parent / name).exists() for names in copied for name in names)

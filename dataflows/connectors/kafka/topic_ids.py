"""Which topic a name stands for: one that was deleted and made again has another id (KIP-516)."""

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from dataflows.connectors.kafka.client import PATIENCE, made
from dataflows.connectors.kafka.config import KafkaConfig
from engine.errors import InputError

_NONE = "AAAAAAAAAAAAAAAAAAAAAA"
"""The id of a topic that was made before brokers gave ids."""

_AS_KAFKA = str.maketrans("+/", "-_")
"""As Kafka's own tools write ids."""


class TopicIds:
    """The ids of the topics of a run.

    A broker that gives no ids, or does not let us ask, makes no difference: then nothing is compared.

    Args:
        config: The cluster, with an input.

    Attributes:
        known: The ids that the run has read, by topic; grows when a broker gives one that it has
            not given before.
    """

    def __init__(self, config: KafkaConfig) -> None:
        if config.input is None:
            raise ValueError("ids of topics need kafka.input")
        self._topics = [*dict.fromkeys([*config.input.topics(), *config.input.label_topics()])]
        self._admin: AdminClient = made(AdminClient, config, {})[0]
        self.known: dict[str, str] = {}

    def check(self) -> None:
        """Compares the ids that the topics have now with those that the run has read.

        Raises:
            InputError: A topic was made anew.
        """
        for topic, found in self._ask().items():
            known = self.known.setdefault(topic, found)
            if found != known:
                raise InputError(
                    f"kafka.input: expected topic {topic!r} with the id {known}, which this run has read, "
                    f"got one with the id {found}: the topic was deleted and made again, and offsets of the "
                    f"old one mean nothing in it. To read it start a new run (without the old --recovery "
                    f"folder)"
                )

    def _ask(self) -> dict[str, str]:
        found: dict[str, str] = {}
        asked = self._admin.describe_topics(TopicCollection(self._topics), request_timeout=PATIENCE)
        for topic, future in asked.items():
            try:
                about = future.result(PATIENCE)
            except (KafkaException, TimeoutError):
                continue
            if str(about.topic_id) != _NONE:
                found[topic] = str(about.topic_id).translate(_AS_KAFKA)
        return found

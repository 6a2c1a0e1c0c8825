"""What stops the evidence: the log no longer agrees with what was already proved about it."""


class EvidenceAlarm(Exception):
    """History disagrees with its evidence: nothing more is sequenced or signed.

    `place` names where, `what` says what was seen there; neither carries personal data.
    """

    def __init__(self, place: str, what: str) -> None:
        super().__init__(
            f"{place}: {what}. The evidence stops here. Keep copies of the files as they are, run "
            "`python -m incidents verify`, and compare with a checkpoint kept outside."
        )
        self.place = place
        self.what = what

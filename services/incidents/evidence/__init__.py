"""The proof that history was not changed: one tree over the log, signed checkpoints, bundles.

`verify` is also a program of its own and knows every format; nothing here knows one that it does
not.
"""

from incidents.evidence.alarm import EvidenceAlarm
from incidents.evidence.audit import Report, audit
from incidents.evidence.bundle import BundleTooLarge, build_bundle
from incidents.evidence.checkpoint import (
    CheckpointFolder,
    KeyUnusable,
    SignedCheckpoint,
    SigningKey,
)
from incidents.evidence.proofs import (
    ConsistencyProof,
    EventProof,
    InclusionProof,
    NotYetCovered,
    prove_consistency,
    prove_inclusion,
)
from incidents.evidence.sequencer import Sequencer
from incidents.evidence.tree import Tree
from incidents.evidence.verify import Finding, Kind, Malformed, PublicKey

__all__ = [
    "BundleTooLarge",
    "CheckpointFolder",
    "ConsistencyProof",
    "EventProof",
    "EvidenceAlarm",
    "Finding",
    "InclusionProof",
    "KeyUnusable",
    "Kind",
    "Malformed",
    "NotYetCovered",
    "PublicKey",
    "Report",
    "Sequencer",
    "SignedCheckpoint",
    "SigningKey",
    "Tree",
    "audit",
    "build_bundle",
    "prove_consistency",
    "prove_inclusion",
]

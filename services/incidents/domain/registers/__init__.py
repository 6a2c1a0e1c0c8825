"""The registers that the policy asks for beside the cases: each a table, each entry a stream.

Accounts of the school, objections to pictures, editions of the policy and who knows them, advice
that was sought before something was published, and what auditors may look at.
"""

from typing import Any, Final

from incidents.domain.registers import accounts, advice, grants, images, policies
from incidents.domain.registers.register import Register

REGISTERS: Final[tuple[Register[Any], ...]] = (
    accounts.REGISTER,
    images.REGISTER,
    policies.REGISTER,
    advice.REGISTER,
    grants.REGISTER,
)
EVENTS: Final = {
    **{topic: event for register in REGISTERS for topic, event in register.events.items()},
    **images.CHECKS,
}
"""Every event of a register by its stored topic."""

"""What the protocol would be without one of its steps: each mutant replaces one real function, and the search must find what that costs.

A mutant that no story kills would mean that its step is not needed, or that the search does not look.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from edge.core import admission, agent, authority, door, ledger, passing, policy, state
from edge.shell import inbox
from gateway.core import clearing
from gateway.shell.warden import Warden
from simulation.proof.search import lapses
from simulation.proof.search.lapses import Lapse


@dataclass(frozen=True, slots=True)
class Mutant:
    """One step left out."""

    name: str
    zh: str
    en: str  # what it breaks
    scope: str
    where: ModuleType | type
    function: str
    lapse: Lapse
    remember: bool = False  # it makes use of what the shipping code makes no use of

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """The mutant instead of the real function."""
        real = getattr(self.where, self.function)
        setattr(self.where, self.function, self.lapse(real))
        try:
            yield
        finally:
            setattr(self.where, self.function, real)


MUTANTS = (
    Mutant(
        "noack", "不等门应答", "the gateway does not wait for the doors' reports",
        "groups", clearing, "unheard", lapses.instead(()),
    ),
    Mutant(
        "nocount", "不数人", "the gateway takes every room for empty",
        "groups", clearing, "occupancy", lapses.instead(0),
    ),
    Mutant(
        "noclear", "不先清场", "other groups are signed without a CLEAR between",
        "groups", clearing, "advance", lapses.without_clear, remember=True,
    ),
    Mutant(
        "oldack", "旧纪元的应答也算", "a report of an older epoch counts",
        "groups", clearing, "unheard", lapses.heard_once, remember=True,
    ),
    Mutant(
        "unsettled", "未关好的门也算", "a report of a door with a grant under way counts",
        "groups", clearing, "unheard", lapses.heard_unsettled, remember=True,
    ),
    Mutant(
        "noresidual", "忘记可能仍在室内的人", "only the last groups are remembered, not all that may still be inside",
        "third", clearing, "_issue", lapses.without_residual,
    ),
    Mutant(
        "nostaff", "忘记凭指令进入的人", "staff who came by command do not count as people who may be inside",
        "staff", clearing, "_comers", lapses.staff_uncounted,
    ),
    Mutant(
        "sweeponce", "清场后不再确认", "after a sweep no further CLEAR is signed: what doors had not told yet is subtracted twice",
        "sweep", clearing, "advance", lapses.swept_at_once,
    ),
    Mutant(
        "nodoubt", "不理会人数存疑", "a count that is in doubt proves the room empty",
        "force", clearing, "_doubt", lapses.instead(False),
    ),
    Mutant(
        "shortdoubt", "放入他人后不再存疑", "a doubt ends with the next admission, though nobody looked",
        "doubt", clearing, "advance", lapses.doubt_forgotten,
    ),
    Mutant(
        "twoways", "一次开门有进有出不存疑", "one opening that serves a grant and the exit button leaves no doubt who passed",
        "company", door, "_suspected", lapses.no_doubt,
    ),
    Mutant(
        "gwrollback", "恢复后接着旧纪元", "a restored gateway goes on where its backup was",
        "restore", clearing, "restored", lapses.old_term,
    ),
    Mutant(
        "restoreunseals", "恢复即解封", "a restored gateway takes the room for unsealed",
        "restore", clearing, "restored", lapses.restored_unsealed,
    ),
    Mutant(
        "clearunseals", "清场即解封", "CLEAR lifts the seal",
        "seal", clearing, "_issue", lapses.clear_unseals,
    ),
    Mutant(
        "gwoneperson", "网关只要一人审批", "the gateway takes one person's approval for two",
        "seal", Warden, "approve", lapses.anybody_approves,
    ),
    Mutant(
        "stale", "接受更旧的策略", "a door takes an older policy",
        "restore", authority, "accept", lapses.takes_older,
    ),
    Mutant(
        "session", "不核对会话", "a door takes a policy that was signed for another session",
        "leaf", authority, "check_body", lapses.any_session,
    ),
    Mutant(
        "renewal", "不核对续期号", "a door takes the same copy of a policy again",
        "leaf", authority, "check_body", lapses.any_renewal,
    ),
    Mutant(
        "agent", "不核对收件人", "a door takes a policy that was signed for another board",
        "leaf", authority, "check_body", lapses.any_agent,
    ),
    Mutant(
        "signature", "不验签名", "a door takes a policy that a stranger signed",
        "leaf", inbox, "verify_signed", lapses.instead(True),
    ),
    Mutant(
        "leasename", "续租不认策略", "a lease is taken for whatever policy the door holds",
        "leaf", authority, "step_lease", lapses.any_name,
    ),
    Mutant(
        "leaseagain", "续租可重放", "the same lease is taken again",
        "leaf", authority, "step_lease", lapses.any_time,
    ),
    Mutant(
        "oneperson", "门只要一人审批", "a door takes one person's approval for two",
        "theft", policy, "_two_roles", lapses.one_person,
    ),
    Mutant(
        "onerole", "门只要一种角色", "a door takes two people of one role for two roles",
        "theft", policy, "_two_roles", lapses.one_role,
    ),
    Mutant(
        "oldrelease", "旧解封令可再用", "the word that lifted an earlier seal lifts a later one",
        "reseal", policy, "_two_approve", lapses.any_release,
    ),
    Mutant(
        "openalone", "开放给互斥人员无需审批", "a door opens to a separated group without two people's word",
        "theft", policy, "_check_opening", lapses.instead(None),
    ),
    Mutant(
        "sealexpiry", "租约到期即解封", "the seal ends with the lease",
        "seal", authority, "step_policy", lapses.unsealed_by_expiry,
    ),
    Mutant(
        "volepoch", "重启忘记策略", "a board forgets over a restart what it held",
        "crash", state, "slices", lapses.stored(lapses.no_held),
    ),
    Mutant(
        "volcount", "重启忘记人数", "a board forgets its counts over a restart",
        "crash", state, "slices", lapses.stored(lapses.no_count),
    ),
    Mutant(
        "volgrant", "重启忘记放行", "a board forgets over a restart whom it had let in",
        "crash", state, "slices", lapses.stored(lapses.no_pending),
    ),
    Mutant(
        "volseal", "重启忘记封闭", "a board forgets the seal over a restart",
        "seal", state, "slices", lapses.stored(lapses.no_seal),
    ),
    Mutant(
        "unseen", "未见到的通过不计", "who may have passed while the board was down is not counted",
        "crash", ledger, "resolve_unseen", lapses.unseen_uncounted,
    ),
    Mutant(
        "nolease", "租约到期仍放行", "a door lets people in without a lease",
        "leaf", admission, "decide_entry", lapses.as_if(lease_until_mono_ns=2**62),
    ),
    Mutant(
        "fireentry", "火警时仍放人进入", "a door lets people in during a fire",
        "fire", admission, "decide_entry", lapses.as_if(fire=False),
    ),
    Mutant(
        "keepgrant", "新策略不收回放行", "who was let in under the last policy may still come under the next",
        "groups", authority, "recheck", lapses.grants_stay,
    ),
    Mutant(
        "pending", "报告漏掉未用的放行", "a door reports that it is closed while somebody may still pull it",
        "groups", door, "settled", lapses.pending_untold,
    ),
    Mutant(
        "norecord", "先开锁后记账", "the strike is released before the grant is stored",
        "groups", door, "step_granted", lapses.strike_first,
    ),
    Mutant(
        "fire", "离开须凭网络许可", "leaving depends on a lease, which is the network's permission",
        "leaf", agent, "_step_line", lapses.exit_needs_a_lease,
    ),
    Mutant(
        "firelock", "火警不释放门锁", "the fire input does not release the strike",
        "fire", door, "step_fire", lapses.fire_waits,
    ),
    Mutant(
        "nobreach", "离开封闭房间不记录", "leaving a sealed room leaves no breach in the record",
        "seal", passing, "_passed", lapses.breach_untold,
    ),
)  # fmt: skip

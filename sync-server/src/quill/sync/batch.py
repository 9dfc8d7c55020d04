"""A batch of operations, decided and written in one transaction: lock first, then read, then decide, then write.

Whoever calls commits, and answers only then.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from quill.domain.decide import NO_FOREIGN, Decision, Record, decide
from quill.domain.facts import Op, Parallel
from quill.domain.refusals import refusal, rejected
from quill.domain.release import release
from quill.domain.resolve import resolve
from quill.errors import ApiError
from quill.postgres.sessions import SyncConnection
from quill.sync import memberships, quarantine, verdicts
from quill.sync.facts import Facts, Known, named_in
from quill.sync.log import Appender, Change, Head, Note, Origin, lock_head
from quill.sync.reading import Reader, Task, concerned
from quill.sync.submission import Sent, Submission

log = logging.getLogger("quill.push")

#: How many merged versions a record tells of: their authors pull within days, not within years.
PARALLEL_KEPT = 8


class Decided(NamedTuple):
    """``answers``: for each submission its verdicts (JSON, in the order sent), or why it was refused whole."""

    head: Head
    answers: list[list[bytes] | ApiError]


async def decide_batch(
    connection: SyncConnection, organisation_id: str, submissions: Sequence[Submission], *, give_up: bool = False
) -> Decided:
    """``give_up``: the one operation in it could be decided or written no other way: it is refused and kept."""
    head = await lock_head(connection, organisation_id)
    sessions: dict[str, frozenset[str]] = {}
    for one in submissions:
        sessions[one.actor.user_id] = one.actor.roles & sessions.get(one.actor.user_id, one.actor.roles)
    facts = Facts(head, sessions)
    reader = Reader(connection, facts)
    # Of an empty request who sends it is still asked.
    tasks = [(op, one) for one in submissions for op in ([sent.op for sent in one.sent] or [{}])]
    await reader.read([Task(op, one.actor.user_id, one.device_id) for op, one in tasks])
    batch = Batch(connection, facts, reader, give_up)
    async with connection.pipeline():
        answers = [await batch.take(one) for one in submissions]
        return Decided(await batch.close(), answers)


class Batch:
    def __init__(self, connection: SyncConnection, facts: Facts, reader: Reader, give_up: bool) -> None:
        self._connection = connection
        self._facts = facts
        self._reader = reader
        self._give_up = give_up
        self.head = facts.head  # as it was found
        self._log = Appender(connection, facts.head)
        self._born: list[memberships.Teams] = []
        self._rows: list[verdicts.Row] = []
        self._again: list[verdicts.Row] = []
        self._numbers: dict[tuple[str, int], str] = {}  # used by this batch
        self._moved: set[str] = set()  # devices whose number moved
        self._opened: dict[str, tuple[str, str]] = {}  # conflict → record, device
        self._closed: set[str] = set()

    async def take(self, submission: Submission) -> list[bytes] | ApiError:
        if self._facts.people[submission.actor.user_id].disabled:
            return ApiError("session_ended")
        if submission.device_id is not None:
            refused = await self._misnumbered(submission)
            if refused is not None:
                return refused
        answers: list[bytes] = []
        for sent in submission.sent:
            answer = await self._verdict(submission, sent)
            if isinstance(answer, ApiError):
                return answer
            answers.append(answer)
        return answers

    async def close(self) -> Head:
        """Sends all that was decided; it stays locked until the commit. Answers the log's new head."""
        await self._flush()
        organisation_id = self.head.organisation_id
        if self._moved:
            devices = {device_id: self._facts.devices[device_id] for device_id in self._moved}
            numbers = [device.next_seq for device in devices.values() if device]
            await self._connection.execute(_MOVED, (list(devices), numbers, organisation_id), prepare=True, binary=True)
        if self._opened:
            columns = list(map(list, zip(*((one, *of) for one, of in self._opened.items()), strict=True)))
            await self._connection.execute(_OPENED, (organisation_id, *columns), prepare=True, binary=True)
        if self._closed:
            await self._connection.execute(_CLOSED, (organisation_id, list(self._closed)), prepare=True, binary=True)
        await verdicts.write_again(self._connection, self.head, self._again)
        return await self._log.close()

    async def _flush(self) -> None:
        """Sends what was decided so far, and does not wait for it."""
        await self._log.flush()
        await memberships.scope_born(self._connection, self.head.organisation_id, self._born)
        await verdicts.write(self._connection, self.head, self._rows)
        self._born, self._rows = [], []

    # Numbers

    async def _misnumbered(self, submission: Submission) -> ApiError | None:
        """A device's numbers are dense and each is one operation's; checked for the whole request before any is decided."""
        device_id = submission.device_id
        device = self._facts.devices.get(device_id) if device_id else None
        if device is None or device_id is None:
            return ApiError("unknown_device")
        if device.user_id != submission.actor.user_id:
            return ApiError("foreign_device")
        old = [(device_id, s.device_seq) for s in submission.sent if s.device_seq < device.next_seq]
        used = await self._reader.numbers_used([number for number in old if number not in self._numbers])
        used.update((number, self._numbers[number]) for number in old if number in self._numbers)
        following = device.next_seq
        for sent in submission.sent:
            if sent.device_seq > following:
                return ApiError("device_seq_gap", expected=following)
            if sent.device_seq == following:
                used[device_id, following] = sent.op_id
                following += 1
            elif used.get((device_id, sent.device_seq)) != sent.op_id:
                return ApiError("device_seq_reused")
        return None

    def _number(self, submission: Submission, sent: Sent) -> int | None:
        """The number as this operation's; None: it was used before, or there is no vault."""
        device = self._facts.devices[submission.device_id] if submission.device_id else None
        if device is None or submission.device_id is None or sent.device_seq != device.next_seq:
            return None
        device.next_seq += 1
        self._numbers[submission.device_id, sent.device_seq] = sent.op_id
        self._moved.add(submission.device_id)
        return sent.device_seq

    # One operation

    async def _verdict(self, submission: Submission, sent: Sent) -> bytes | ApiError:
        known = self._facts.verdicts.get(sent.op_id)
        number = self._number(submission, sent)
        user_id = submission.actor.user_id
        if known is not None:
            same = known.content == sent.content and known.user_id == user_id
            verdict = verdicts.repeated(known.verdict) if same else await self._reused(submission, sent)
            if number is not None:
                self._again.append(verdicts.Row(
                    sent.op_id, user_id, submission.device_id, number, sent.content, known.outcome, known.verdict
                ))  # fmt: skip
            return verdict
        origin = self._origin(submission, sent)
        void = sent.op.get("action") == "void" and not sent.faults
        decision = self._decided(submission, sent)
        if decision.quarantine and submission.device_id is None:
            return self._refused(sent, decision)
        answer = await self._settled(submission, sent, decision, origin)
        verdict = orjson.dumps(answer)
        conflict_id = answer.get("conflict_id")
        shown = None
        if decision.body is None and not sent.faults and sent.op["kind"] == "patient" and sent.record_id is not None:
            shown = self._facts.set_in_vain(sent.record_id, origin.device_root, sent.op.get("set") or {})
        self._facts.verdicts[sent.op_id] = Known(
            user_id, sent.content, decision.outcome, verdict, conflict_id, void, origin.device_root
        )
        device_id = submission.device_id if number is not None else None
        self._rows.append(verdicts.Row(
            sent.op_id, user_id, device_id, number, sent.content, decision.outcome, verdict, sent.record_id, conflict_id, void,
            shown,
        ))  # fmt: skip
        return verdict

    def _refused(self, sent: Sent, decision: Decision) -> ApiError:
        """Without a vault nothing is kept of a refusal: the person has the screen still open, and gets what is there now."""
        error = decision.error or refusal("forbidden")
        if error.error_code == "unknown_record":
            return ApiError("not_found")
        extra: dict[str, Any] = {} if error.path is None else {"path": error.path}
        record = self._facts.record(sent.op["id"])
        if record is not None and error.error_code in ("conflict_moved", "conflict_resolved"):
            extra["conflict"] = {"id": record.id, "version": record.version, "scope": record.scope, **record.body}
        return ApiError(error.error_code, error.message, **extra)

    def _decided(self, submission: Submission, sent: Sent) -> Decision:
        user_id, op = submission.actor.user_id, sent.op
        own = f"user:{user_id}"
        if self._give_up:
            return rejected(own, refusal("internal_error"))
        try:
            if sent.faults and sent.faults[0].error_code == "op_too_large":
                return rejected(own, refusal("op_too_large"))
            if not sent.faults and op["action"] == "void":
                return Decision("applied", own)
            if not sent.faults and op["action"] == "resolve":
                return self._resolved(op, user_id, submission.device_id)
            facts, device_id = self._facts, submission.device_id
            # A conflict names where its words came from: without a vault that is the session.
            policy = facts.policy(user_id, device_id or submission.actor.session_id, named_in(op))
            return decide(facts.current(op, device_id), facts.foreign(op, device_id), op, policy, sent.faults)
        except Exception as error:
            # A mistake of ours must not hold up the queue (G7). Only where, never what: it may be a patient's.
            log.exception("an operation could not be decided: %s", type(error).__name__, exc_info=False)
            return rejected(own, refusal("internal_error"))

    def _resolved(self, op: Op, user_id: str, device_id: str | None) -> Decision:
        facts = self._facts
        policy = facts.policy(user_id, device_id)
        record = facts.record(op["id"])
        if record is None or record.kind != op["kind"]:
            return rejected(f"user:{user_id}", refusal("unknown_record", "/id"))
        if record.kind == "quarantine":
            held, device = record.body.get("op") or {}, record.body.get("device")
            if "by" not in record.body:  # the slip for its author: there is nothing in it to release
                return rejected(f"user:{user_id}", refusal("forbidden"))
            policy = replace(facts.policy(user_id, device, named_in(held)), device_id=device or "")
            return release(record, facts.current(held, device), facts.foreign(held, device), op, policy)
        conflict = facts.open_conflict(record.id, facts.root(device_id))
        assert conflict is not None
        against = op["set"].get("against_version")
        about = concerned(record.body, against)
        foreign = facts.foreign(about, device_id, against) if isinstance(against, int) else NO_FOREIGN
        return resolve(conflict, facts.current(about, device_id), foreign, op, policy)

    # What follows from a decision

    async def _settled(self, submission: Submission, sent: Sent, decision: Decision, origin: Origin) -> dict[str, Any]:
        """Writes what was decided, and answers the verdict."""
        op, user_id = sent.op, submission.actor.user_id
        answer: dict[str, Any] = {"op_id": sent.op_id, "outcome": decision.outcome}
        if decision.error is not None:
            answer["error"] = quarantine.said(decision.error)
        if decision.quarantine:
            record_id = quarantine.quarantine_id(self.head.organisation_id, sent.op_id, sent.content)
            answer["seq"] = await self._quarantined(record_id, op, decision, user_id, origin)
            return answer
        if decision.merged_with:
            answer["merged_with"] = list(decision.merged_with)
        if op["action"] == "void":
            self._log.add(Note("void", user_id, op["kind"], sent.record_id, None, submission.device_id, op.get("reason")))
            return answer
        about = self._facts.record(op["id"])
        if op["action"] == "resolve" and about is not None:
            if about.kind == "quarantine":
                await self._released(about, op, decision, user_id, origin, answer)
            else:
                await self._united(about, decision, user_id, origin, answer)
            return answer
        return await self._written(op, decision, user_id, origin, answer)

    async def _written(
        self, op: Op, decision: Decision, by: str, origin: Origin, answer: dict[str, Any], actor: str | None = None
    ) -> dict[str, Any]:
        """A version of the record, or the conflict it became."""
        if decision.conflict is not None:
            change = self._conflict_change(decision, by, origin, actor)
            answer["seq"] = await self._append(change)
            answer["conflict_id"] = change.id
        elif decision.body is not None:
            before = self._facts.record(op["id"])
            version = before.version + 1 if before else 1
            change = Change(
                op["kind"], op["id"], decision.scope, version, decision.body, by, op["action"], decision.fields,
                decision.deleted, origin, (), actor, self._parallel(before, version, decision, origin), decision.packed,
            )  # fmt: skip
            answer["seq"] = await self._append(change)
            answer["record"] = {"id": change.id, "version": version}
        return answer

    def _parallel(self, before: Record | None, version: int, decision: Decision, origin: Origin) -> tuple[Parallel, ...]:
        """Merged beside others' work: they find it in the record, as the author of this finds it in the verdict."""
        earlier = before.parallel if before else ()
        if not decision.merged_with or origin.base_version is None:
            return earlier
        same_life = origin.base_epoch in (None, self.head.epoch)
        merged = Parallel(version, origin.base_version if same_life else 0, decision.fields)
        return (*earlier, merged)[-PARALLEL_KEPT:]

    async def _quarantined(self, record_id: str, op: Op, decision: Decision, author: str, origin: Origin) -> int:
        seen = self._facts.policy(author, None).access(decision.scope) == "held"
        short = Origin(origin.op_id, origin.device_id, origin.device_root)
        changes = quarantine.kept(record_id, op, decision, author, self.head.now, short, seen=seen)
        seqs = [await self._append(change) for change in changes]
        return seqs[0]

    async def _reused(self, submission: Submission, sent: Sent) -> bytes:
        """A known op_id with another content: the first stands, this one is kept too, and somebody should look."""
        user_id = submission.actor.user_id
        decision = rejected(f"user:{user_id}", refusal("op_id_reused", "/op_id"))
        assert decision.error is not None
        record_id = quarantine.quarantine_id(self.head.organisation_id, sent.op_id, sent.content)
        await self._reader.read_records({record_id})
        if self._facts.record(record_id) is None:
            origin = self._origin(submission, sent)
            await self._quarantined(record_id, sent.op, decision, user_id, origin)
            self._log.add(Note("op_id_reused", user_id, None, sent.record_id, None, submission.device_id, sent.op_id))
        return orjson.dumps({"op_id": sent.op_id, "outcome": "rejected", "error": quarantine.said(decision.error)})

    async def _united(self, conflict: Record, decision: Decision, user_id: str, origin: Origin, answer: dict[str, Any]) -> None:
        """A conflict decided, or given back: the record's next version, the conflict's, then what waited for it."""
        assert decision.conflict is not None
        if decision.body is not None:
            record_id = conflict.body["record_id"]
            before = self._facts.record(record_id)
            # What only the decision brings into being is its author's: a message, a file, nobody else wrote a word of it.
            made = (before is None or before.deleted) and not decision.deleted
            by = conflict.body["mine"]["by"] if made else user_id
            united = Change(
                conflict.body["kind"], record_id, decision.scope, before.version + 1 if before else 1, decision.body,
                by, "resolve", decision.fields, decision.deleted, origin, decision.parents, user_id,
                parallel=before.parallel if before else (),
            )  # fmt: skip
            await self._append(united)
        change = self._conflict_change(decision, user_id, origin)
        answer["seq"] = await self._append(change)
        answer["record"] = {"id": change.id, "version": change.version}
        mine = conflict.body["mine"]
        for waiting in decision.dependants:
            facts, device_id, author = self._facts, mine["device"], mine["by"]
            policy = facts.policy(author, device_id, named_in(waiting))
            then = decide(facts.current(waiting, device_id), facts.foreign(waiting, device_id), waiting, policy)
            own = _origin_of(waiting, device_id, facts.root(device_id))
            if then.quarantine:
                kept_as = quarantine.quarantine_id(self.head.organisation_id, waiting["op_id"], b"dependant")
                await self._quarantined(kept_as, waiting, then, author, own)
            else:
                await self._written(waiting, then, author, own, {}, user_id)

    async def _released(
        self, record: Record, op: Op, decision: Decision, user_id: str, origin: Origin, answer: dict[str, Any]
    ) -> None:
        """What was in quarantine is done under its author's name; the quarantine record is closed."""
        held, author, device = record.body["op"], record.body["by"], record.body.get("device")
        if op["set"]["take"] == "apply":
            await self._written(held, decision, author, _origin_of(held, device, self._facts.root(device)), answer, user_id)
        slip = quarantine.slip_id(record.id)
        await self._reader.read_records({slip})
        for change in quarantine.closed(record, self._facts.record(slip), op, user_id, origin):
            seq = await self._append(change)
            if change.id == record.id:
                answer["seq"], answer["record"] = seq, {"id": record.id, "version": change.version}

    def _conflict_change(self, decision: Decision, by: str, origin: Origin, actor: str | None = None) -> Change:
        write = decision.conflict
        assert write is not None
        conflict_id = write.id or str(uuid.uuid4())
        if write.body["status"] != "open":
            self._closed.add(conflict_id)
        elif write.id is None:
            self._opened[conflict_id] = (write.body["record_id"], origin.device_root or self.head.organisation_id)
        action = f"conflict_{write.body['events'][-1]['event']}"
        return Change("conflict", conflict_id, write.scope, write.version, write.body, by, action, origin=origin, user_id=actor)

    async def _append(self, change: Change) -> int:
        before = self._facts.record(change.id)
        seq = self._log.add(change).seq
        assert seq is not None
        self._facts.wrote(change)
        if change.kind == "patient":
            await self._teams_moved(change, before, seq)
        return seq

    async def _teams_moved(self, patient: Change, before: Record | None, seq: int) -> None:
        """Who cares for a patient decides who has its scope, from this position on."""
        now = frozenset(patient.body.get("team_ids", ()))
        if before is None:
            self._born.append(memberships.Teams(patient.id, seq, sorted(now)))
            return
        old = frozenset(before.body.get("team_ids", ()))
        if now == old:
            return
        await self._flush()
        teams = memberships.Teams(patient.id, seq, sorted(now - old), sorted(old - now))
        await memberships.after_team_ids_changed(self._connection, self.head.organisation_id, [teams])
        await self._reader.read_access_again({patient.scope})

    def _origin(self, submission: Submission, sent: Sent) -> Origin:
        root = self._facts.root(submission.device_id)
        if sent.faults:
            return Origin(sent.op_id, submission.device_id, root)
        return _origin_of(sent.op, submission.device_id, root)


def _origin_of(op: Op, device_id: str | None, root: str | None) -> Origin:
    return Origin(
        op["op_id"], device_id, root, op["made_at"], op["base_version"], op.get("base_epoch"), op.get("on_behalf_of"),
        op.get("reason"),
    )  # fmt: skip


_MOVED = """
  UPDATE device SET next_seq = new.next_seq, last_seen = now()
  FROM unnest(%b::text[], %b::bigint[]) AS new (device_id, next_seq)
  WHERE device.organisation_id = %s AND device.device_id = new.device_id::uuid"""

_OPENED = """
  INSERT INTO open_conflict (organisation_id, conflict_id, record_id, device_root)
  SELECT %s::uuid, * FROM unnest(%b::text[]::uuid[], %b::text[]::uuid[], %b::text[]::uuid[])"""

_CLOSED = "DELETE FROM open_conflict WHERE organisation_id = %s AND conflict_id = ANY(%b::text[]::uuid[])"

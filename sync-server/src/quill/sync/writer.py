"""One task an organisation gathers what is pushed and decides it together, in one transaction.

A single push costs a commit; gathered, many share one. Several server processes may do this at once: the row lock
decides. Nobody's operation can fail somebody else's: what can't be written together is written alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg_pool import PoolTimeout

from quill.errors import ApiError
from quill.postgres.sessions import SyncDatabase
from quill.sync.batch import Decided, decide_batch
from quill.sync.log import Head
from quill.sync.submission import Submission
from quill_schemas import LIMITS

log = logging.getLogger("quill.push")

MOST_WAITING = 20_000  # operations; beyond it devices are asked to come again

Committed = Callable[[str, int], None]
"""Told (organisation, head) after each commit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``verdicts``: JSON, in the order sent; ``head``: the log after the transaction that wrote them."""

    verdicts: list[bytes]
    head: Head


class _Waiting:
    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()


class Writers:
    """The writers of all organisations of this process."""

    def __init__(self, database: SyncDatabase, committed: Committed) -> None:
        self._database = database
        self._committed = committed
        self._writers: dict[str, Writer] = {}
        self._closed = False

    async def submit(self, submission: Submission) -> Answer:
        """The verdicts, once they are committed. Raises ApiError where the request is refused whole.

        Cancelling the caller before its turn takes the operations back; once they are being written they stay.
        """
        if self._closed:
            raise ApiError("not_ready", "The server is stopping. Your work is safe on this device.", retry_after=2)
        organisation_id = submission.actor.organisation_id
        writer = self._writers.get(organisation_id)
        if writer is None:
            writer = self._writers[organisation_id] = Writer(self._database, organisation_id, self._committed)
        return await writer.submit(submission)

    async def close(self) -> None:
        """Finishes what waits, takes nothing new."""
        self._closed = True
        await asyncio.gather(*(writer.drained() for writer in self._writers.values()))


class Writer:
    def __init__(self, database: SyncDatabase, organisation_id: str, committed: Committed) -> None:
        self._database = database
        self._organisation_id = organisation_id
        self._committed = committed
        self._queues: OrderedDict[str, deque[_Waiting]] = OrderedDict()  # by device; the first has its turn next
        self._count = 0
        self._task: asyncio.Task[None] | None = None

    async def submit(self, submission: Submission) -> Answer:
        if self._count + len(submission.sent) > MOST_WAITING:
            raise ApiError("not_ready", retry_after=2)
        waiting = _Waiting(submission)
        device = submission.device_id or submission.actor.session_id
        self._queues.setdefault(device, deque()).append(waiting)
        self._count += len(submission.sent)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await waiting.answer

    async def drained(self) -> None:
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while group := self._gather():
            try:
                await self._write(group)
            except asyncio.CancelledError:
                _fail(group, ApiError("not_ready", retry_after=2))
                raise
            except Exception as error:
                _fail(group, error)

    def _gather(self) -> list[_Waiting]:
        """A turn for each device in order, again and again, up to a request's worth of operations."""
        group: list[_Waiting] = []
        room = LIMITS["max_ops"]
        while self._queues:
            device, queue = next(iter(self._queues.items()))
            size = len(queue[0].submission.sent)
            if group and size > room:
                break
            waiting = queue.popleft()
            self._queues.move_to_end(device)
            if not queue:
                del self._queues[device]
            self._count -= size
            if not waiting.answer.cancelled():
                group.append(waiting)
                room -= size
        return group

    async def _write(self, group: list[_Waiting]) -> None:
        try:
            decided = await self._decide([one.submission for one in group])
        except (psycopg.OperationalError, PoolTimeout, OSError, asyncio.CancelledError):
            raise  # the database is not there: nothing to be said of any operation
        except Exception as error:
            log.error("a batch of %d requests could not be written: %s", len(group), type(error).__name__)
            if len(group) > 1:
                for one in group:
                    await self._alone(one)
            else:
                await self._one_by_one(group[0])
            return
        for one, answer in zip(group, decided.answers, strict=True):
            _tell(one, answer if isinstance(answer, ApiError) else Answer(answer, decided.head))

    async def _alone(self, one: _Waiting) -> None:
        try:
            await self._write([one])
        except (psycopg.OperationalError, PoolTimeout, OSError, asyncio.CancelledError):
            raise
        except Exception as error:
            _tell(one, error)

    async def _one_by_one(self, one: _Waiting) -> None:
        """Finds the operation that can't be written, and refuses it alone (G7). Its content is kept if that can be."""
        verdicts: list[bytes] = []
        head: Head | None = None
        for sent in one.submission.sent:
            single = Submission(one.submission.actor, one.submission.device_id, (sent,))
            try:
                decided = await self._decide([single])
            except (psycopg.OperationalError, PoolTimeout, OSError):
                raise
            except Exception as error:
                log.error("an operation could not be written: %s", type(error).__name__)
                decided = await self._decide([single], give_up=True)
            answer = decided.answers[0]
            if isinstance(answer, ApiError):
                raise answer
            verdicts += answer
            head = decided.head
        if head is None:
            raise ApiError("internal_error")
        _tell(one, Answer(verdicts, head))

    async def _decide(self, submissions: list[Submission], *, give_up: bool = False) -> Decided:
        async with self._database.writing(self._organisation_id) as connection:
            decided = await decide_batch(connection, self._organisation_id, submissions, give_up=give_up)
        # Committed: only now may anybody hear of it.
        self._committed(self._organisation_id, decided.head.seq)
        return decided


def _tell(one: _Waiting, answer: Answer | Exception) -> None:
    if one.answer.done():
        return
    if isinstance(answer, Exception):
        one.answer.set_exception(answer)
    else:
        one.answer.set_result(answer)


def _fail(group: list[_Waiting], error: Exception) -> None:
    for one in group:
        _tell(one, error)

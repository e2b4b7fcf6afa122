"""What analysts press and type in Slack, over Socket Mode: takes it, has it answered, says the answer to that analyst alone.

An envelope is acknowledged at once, in the thread that received it, which says only that it arrived; work goes on in a thread of
its own, however long the archive is held, and what is said after it ("Noted") is said when it is stored. Decides nothing.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

from monitor.channels.mute import mute
from monitor.channels.payloads import Asked, asked
from monitor.channels.replies import ephemeral, short
from monitor.channels.socket_client import FAILURES, Client, cause_of, is_token
from monitor.errors import ArchiveBusy, MonitorError
from monitor.messages import Answer, File, Request, Verb

log = logging.getLogger(__name__)

ACKNOWLEDGED = 1.5
"""Seconds that the acknowledgement of a slash command waits for its answer. Slack gives three."""
WAITING = 100
"""Requests that may wait to be answered."""
PATIENCE = 120.0
"""Seconds after which a request that waited is not begun any more: the analyst was told nothing, and has pressed again."""
LOOK = 0.25
"""Seconds between two looks at the connection."""
STEADY = 30.0
"""Seconds that a connection must last for its end to be met at once, without a pause."""
LONGEST_ASKED = 3600.0
"""Seconds for which Slack, or somebody on the way, may keep a connection from being tried: nobody can press anything meanwhile."""
TRIES = 3
"""How often an answer is tried."""
_LONGEST_PAUSE = 30.0
_REPEATS = 500
_BUSY = "Not noted: the archive is being used by somebody else. Press again in a minute."
_FAILED = "Not noted: something failed here. Whoever runs the monitor finds it in the log."
_LATE = "Not noted: too much was asked at once. Press again."
_NO_SCOPE = "The file could not be put here: the app lacks the scope files:write."
_NO_FILE = "The file could not be put here now. Press again, or take the command."


class SocketMode:
    """The connection, and the thread that answers.

    Args:
        app_token: xapp-..., which opens the connection; bot_token: xoxb-..., which answers.
        api_url: https://slack.com/api/ or another installation's; ends with a slash.
        answer: called from one thread only, always the same; may raise MonitorError.
        on_end: called in that thread when it ends.
        first_pause: seconds before the second try to connect; each next one is twice as long, to `longest_pause`.
    """

    def __init__(
        self,
        app_token: str,
        bot_token: str,
        *,
        api_url: str = "https://slack.com/api/",
        answer: Callable[[Request], Answer],
        on_end: Callable[[], None] = lambda: None,
        timeout: int = 10,
        first_pause: float = 1.0,
        longest_pause: float = 300.0,
    ) -> None:
        self._app_token = app_token
        self._web = WebClient(token=bot_token, base_url=api_url, timeout=timeout, retry_handlers=[], logger=mute)
        self._answer = answer
        self._on_end = on_end
        self._first_pause = first_pause
        self._longest_pause = longest_pause
        self._client: Client | None = None
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._seen: deque[str] = deque(maxlen=_REPEATS)
        self._stop = threading.Event()
        self._connecting = threading.Thread(target=self._keep_connected, name="slack-socket", daemon=True)
        self._answering = threading.Thread(target=self._work, name="slack-answers", daemon=True)

    def start(self) -> None:
        """Begin; returns at once, also when Slack cannot be reached: it is tried until it can."""
        self._connecting.start()
        self._answering.start()

    def stop(self) -> None:
        """End within two seconds. Who pressed something that was not answered yet has been told nothing, and so presses again."""
        self._stop.set()
        self._jobs.put(None)
        end = time.monotonic() + 1.8
        client = self._client
        if client is not None:
            client.wake()
        for thread in (self._connecting, self._answering):
            if thread.is_alive():
                thread.join(timeout=max(0.0, end - time.monotonic()))
        left = sum(1 for job in list(self._jobs.queue) if job is not None)
        if left:
            log.warning("stopped slack unanswered=%d", left)

    # -- the connection

    def _keep_connected(self) -> None:
        """Connect, and connect again. The library follows Slack's own requests to move; what breaks is mended here, with patience."""
        for name, token in (("SLACK_APP_TOKEN", self._app_token), ("SLACK_BOT_TOKEN", self._web.token or "")):
            if not is_token(token):
                log.error("not connected to slack cause=%r; buttons and commands are off", f"{name} is no token")
                return
        client = Client(self._app_token, self._web, self._received)
        self._client = client
        try:
            self._attend(client)
        finally:
            client.wake()
            client.close()

    def _attend(self, client: Client) -> None:
        """Keep a client connected until told to end, or until Slack refuses its token for good."""
        failures = 0
        told = ""
        since: float | None = None
        while not self._stop.is_set():
            try:
                if client.is_connected():
                    if since is None:
                        since, told = time.monotonic(), ""
                        log.info("connected slack")
                    self._stop.wait(LOOK)
                    continue
                if since is not None:
                    log.info("disconnected slack seconds=%d", time.monotonic() - since)
                    failures = 0 if time.monotonic() - since >= STEADY else failures + 1
                    since = None
                    self._stop.wait(self._pause(failures))
                    continue
                cause, is_final, asked = client.try_to_connect()
                if is_final:
                    log.error("not connected to slack cause=%r; buttons and commands are off. Check SLACK_APP_TOKEN", cause)
                    return
                if cause and cause != told:
                    log.warning("not connected to slack cause=%r; trying again", cause)
            except Exception as error:  # a fault of ours, or of the library, which may pass
                cause, asked = f"internal error ({type(error).__name__})", 0.0
                if cause != told:
                    log.exception("slack: internal error; trying again")
            if cause:
                told = cause
                failures += 1
                self._stop.wait(max(min(asked, LONGEST_ASKED), self._pause(failures)))

    def _pause(self, failures: int) -> float:
        return 0.0 if failures == 0 else min(self._first_pause * 2 ** min(failures - 1, 20), self._longest_pause)

    # -- what comes in: never waits, never fails

    def _received(self, client: BaseSocketModeClient, message: dict[str, Any], raw: str | None) -> None:
        """Acknowledge one message, and put what it asks into the queue."""
        del raw
        kind, envelope, payload = message.get("type"), message.get("envelope_id"), message.get("payload")
        if kind in ("hello", "disconnect"):
            return
        if not isinstance(envelope, str) or not envelope:
            log.warning("ignored slack type=%r cause=%r", _word(kind), "no envelope")
            return
        acknowledgement = _Acknowledgement(client, envelope)
        found = asked(kind, payload)
        if found is None:
            acknowledgement.give()
            log.warning("ignored slack type=%r cause=%r", _word(kind), "nothing of ours, or malformed")
            return
        if envelope in self._seen:
            acknowledgement.give()  # Slack repeats what it thinks was lost
            return
        self._seen.append(envelope)
        may_answer = found.request.verb is Verb.COMMAND and message.get("accepts_response_payload") is not False
        if self._jobs.qsize() >= WAITING or self._stop.is_set():
            acknowledgement.give(short(_LATE) if may_answer else None)
            log.warning("refused slack verb=%s user=%s cause=%r", found.request.verb.value, found.request.user, "too much waits")
            return
        if may_answer:
            timer = threading.Timer(ACKNOWLEDGED, acknowledgement.give)
            timer.daemon = True
            timer.start()
        else:
            acknowledgement.give()
        self._jobs.put(_Job(asked=found, at=time.monotonic(), acknowledgement=acknowledgement if may_answer else None))

    # -- what goes out: in a thread of its own

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                job = self._jobs.get()
                if job is not None:
                    self._serve(job)
        finally:
            self._on_end()

    def _serve(self, job: _Job) -> None:
        """Answer one request; whatever happens, the next one is answered too."""
        request = job.asked.request
        began = time.monotonic()
        try:
            found, outcome = self._answered(job, began)
            outcome = self._say(job.asked, found, job.acknowledgement) or outcome
        except Exception:  # a fault of ours with this request
            log.exception("slack: internal error verb=%s", request.verb.value)
            return
        log.log(
            logging.INFO if outcome == "ok" else logging.WARNING,
            "answered slack verb=%s user=%s place=%s status=%s ms=%d",
            request.verb.value,
            request.user,
            request.place,
            outcome,
            (time.monotonic() - began) * 1000,
        )

    def _answered(self, job: _Job, now: float) -> tuple[Answer, str]:
        """The answer, and how it came about: ok, or why it is an excuse."""
        if now - job.at > PATIENCE:
            return Answer(text=_LATE), "late"
        try:
            return self._answer(job.asked.request), "ok"
        except ArchiveBusy:
            return Answer(text=_BUSY), "busy"
        except MonitorError as error:
            log.error("slack: %s", error)
            return Answer(text=_FAILED), "failed"
        except Exception:
            log.exception("slack: internal error in answering verb=%s", job.asked.request.verb.value)
            return Answer(text=_FAILED), "failed"

    def _say(self, to: Asked, found: Answer, acknowledgement: _Acknowledgement | None) -> str | None:
        """Say the answer to the analyst; what went wrong, None if nothing did."""
        request, text = to.request, found.text
        if found.file is not None:
            refused = self._put(found.file, request)
            text += f"\n{refused}" if refused else ""
        if acknowledgement is not None:
            # what fits rides on the acknowledgement: it reaches the analyst in channels, too, that the bot is not in
            is_short = not found.lines and len(text) <= 2000
            if acknowledgement.give(short(text) if is_short else None) and is_short:
                return None
        said = ephemeral(text, found.lines)
        return self._called(
            lambda: self._web.chat_postEphemeral(
                channel=request.place,
                user=request.user,
                thread_ts=request.thread if to.is_in_thread else None,
                link_names=False,
                unfurl_links=False,
                unfurl_media=False,
                **said,
            )
        )

    def _put(self, file: File, request: Request) -> str | None:
        """Put a file into the thread; what to tell if it could not be, None if it was."""
        cause = self._called(
            lambda: self._web.files_upload_v2(
                channel=request.place, thread_ts=request.thread, filename=file.name, title=file.name, content=file.content
            ),
            tries=1,  # a second try might put it there twice
        )
        if cause is None:
            return None
        return _NO_SCOPE if cause == "missing_scope" else _NO_FILE

    def _called(self, call: Callable[[], object], tries: int = TRIES) -> str | None:
        """Call Slack, again if that may help; None, or why it failed, in a word."""
        pause, cause = 0.0, ""
        for _ in range(tries):
            if pause and self._stop.wait(pause):
                return cause
            try:
                call()
                return None
            except FAILURES as error:
                cause, asked = cause_of(error)
                if isinstance(error, SlackApiError) and asked is None and error.response.status_code < 500:
                    return cause  # Slack has understood and said no
                pause = min(_LONGEST_PAUSE, self._first_pause if asked is None else asked)
        return cause


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A request that waits to be answered."""

    asked: Asked
    at: float  # when it came
    acknowledgement: _Acknowledgement | None  # None: it was given


class _Acknowledgement:
    """Of one envelope: given once, by whoever comes first."""

    def __init__(self, client: BaseSocketModeClient, envelope: str) -> None:
        self._client = client
        self._envelope = envelope
        self._lock = threading.Lock()
        self._is_given = False

    def give(self, payload: dict[str, Any] | None = None) -> bool:
        """Give it; False if it was given before, or could not be."""
        with self._lock:
            if self._is_given:
                return False
            self._is_given = True
        try:
            self._client.send_socket_mode_response(SocketModeResponse(envelope_id=self._envelope, payload=payload))
        except FAILURES as error:  # the connection is being replaced: the analyst sees Slack's own excuse
            log.warning("not acknowledged slack cause=%r", type(error).__name__)
            return False
        return True


def _word(found: object) -> str:
    """A word of a stranger, for the log."""
    return found[:40] if isinstance(found, str) else type(found).__name__

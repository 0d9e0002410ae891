"""One viewer's WebSocket: the newest values out, what it watches and orders in."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import anyio
from anyio.abc import TaskGroup
from starlette.websockets import WebSocket, WebSocketDisconnect

from .commands import COMMANDS, CommandAnswer, RunCommand
from .hub import Hub, TooManyViewersError, Viewer

SEND_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 5.0
# A frame that closes holds 125 bytes, of which the code takes two (RFC 6455, section 5.5).
MAX_REASON_LENGTH = 123
# Codes of section 7.4.1, and (from 4000 on) the application's own.
CLOSE_GOING_AWAY = 1001
CLOSE_BAD_MESSAGE = 1003
CLOSE_TOO_MANY = 4001


class ViewerConnection:
    """What runs while a viewer is connected.

    Args:
        socket: The viewer's, not yet accepted.
        hub: Has the values.
        run_command: Carries out what the viewer orders.
        welcome: The first message.
    """

    def __init__(self, socket: WebSocket, hub: Hub, run_command: RunCommand, welcome: str) -> None:
        self._socket = socket
        self._hub = hub
        self._run_command = run_command
        self._welcome = welcome
        self._is_commanding = False

    async def run(self) -> None:
        """Serve the viewer until it leaves, is too slow, or the node ends."""
        await self._socket.accept()
        try:
            viewer = self._hub.join()
        except TooManyViewersError as error:
            await self._socket.close(CLOSE_TOO_MANY, str(error)[:MAX_REASON_LENGTH])
            return
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._send, viewer, tasks)
                tasks.start_soon(self._receive, viewer, tasks)
        finally:
            viewer.leave()

    async def _send(self, viewer: Viewer, tasks: TaskGroup) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.send_text(self._welcome)
            is_quick = True
            while is_quick and (payloads := await viewer.next()):
                with anyio.move_on_after(SEND_TIMEOUT_S) as sending:
                    for payload in payloads:
                        if isinstance(payload, str):
                            await self._socket.send_text(payload)
                        else:
                            await self._socket.send_bytes(payload)
                is_quick = not sending.cancelled_caught
            if is_quick:
                await self._socket.close(CLOSE_GOING_AWAY)
        tasks.cancel_scope.cancel()

    async def _receive(self, viewer: Viewer, tasks: TaskGroup) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                text = await self._socket.receive_text()
                try:
                    self._handle(viewer, json.loads(text), tasks)
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                    await self._socket.close(CLOSE_BAD_MESSAGE, "not understood")
                    break
        tasks.cancel_scope.cancel()

    def _handle(self, viewer: Viewer, message: dict[str, Any], tasks: TaskGroup) -> None:
        if "shown" in message:
            viewer.acknowledge(_name(message["shown"]))
        elif "watch" in message:
            viewer.watch(_names(message["watch"]), _names(message["attention"]))
        elif message["command"] in COMMANDS:
            if not self._is_commanding:
                self._is_commanding = True
                tasks.start_soon(self._answer, message["command"])
        else:
            raise ValueError("unknown command")

    async def _answer(self, command: str) -> None:
        answer = CommandAnswer(False, f"emotion_node has not answered for {COMMAND_TIMEOUT_S:g} s.")
        with anyio.move_on_after(COMMAND_TIMEOUT_S):
            answer = await asyncio.wrap_future(self._run_command(command))
        self._is_commanding = False
        text = json.dumps(
            {
                "type": "answer",
                "command": command,
                "succeeded": answer.succeeded,
                "text": answer.text,
            }
        )
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._socket.send_text(text)


def _name(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a camera's name is text")
    return value


def _names(value: object) -> list[str]:
    if not isinstance(value, list):
        raise ValueError("cameras come as a list")
    return [_name(one) for one in value]

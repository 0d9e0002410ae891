"""A lifecycle node whose transitions say what went wrong and leave nothing half done."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import (
    LifecycleNode,
    LifecyclePublisher,
    LifecycleState,
    TransitionCallbackReturn,
)
from rclpy.qos_overriding_options import QoSOverridingOptions

from ...errors import GlamorError
from .topics import TopicSpec

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE
ERROR = TransitionCallbackReturn.ERROR


class ManagedNode(LifecycleNode):
    """A node whose subclasses give configure, activate, deactivate and cleanup; each may raise.

    What they raise is logged and the node stays in the state that it was in: one line for a
    GlamorError, ValueError or OSError, which say what the user gave wrong, a traceback for anything
    else. What a failed configure or activate had built is taken down again by cleanup or
    deactivate, which therefore must cope with parts that are not there.

    Args:
        name: The node's name where no remapping rule gives another.
        node_options: As rclpy's Node takes them.
    """

    def __init__(self, name: str, **node_options: Any) -> None:
        super().__init__(name, **node_options)
        self._failure: str | None = None
        # rclpy lets a transition that is impossible in this state raise out of the executor.
        self._service_change_state.callback = self._guarded(self._service_change_state.callback)

    def configure(self) -> None:
        """Build what is needed to run."""

    def activate(self) -> None:
        """Begin to work; the lifecycle publishers are enabled."""

    def deactivate(self) -> None:
        """Undo activate."""

    def cleanup(self) -> None:
        """Undo configure."""

    @property
    def is_unconfigured(self) -> bool:
        """Whether the node is in the state `unconfigured`."""
        return bool(self._state_machine.current_state[0] == State.PRIMARY_STATE_UNCONFIGURED)

    @property
    def is_active(self) -> bool:
        """Whether the node is in the state `active`."""
        return bool(self._state_machine.current_state[0] == State.PRIMARY_STATE_ACTIVE)

    @property
    def state_label(self) -> str:
        """The state that the node is in, as `ros2 lifecycle get` has it."""
        return str(self._state_machine.current_state[1])

    @property
    def failure(self) -> str | None:
        """Why the node has left the state `active`; None: it has not because it could not go on."""
        return self._failure

    @property
    def has_given_up(self) -> bool:
        """Whether the node has left the state `active` because it could not go on."""
        return self._failure is not None

    @property
    def is_finalized(self) -> bool:
        """Whether the node is in the state `finalized`, which it never leaves."""
        return bool(self._state_machine.current_state[0] == State.PRIMARY_STATE_FINALIZED)

    def bring_up(self) -> bool:
        """Configure and activate. False: one of them failed, and has been logged."""
        return bool(self.trigger_configure() == SUCCESS and self.trigger_activate() == SUCCESS)

    def shut_down(self) -> None:
        """Go to the state `finalized` from wherever the node is."""
        if not self.is_finalized:
            self.trigger_shutdown()

    def give_up(self, reason: str) -> None:
        """Go from `active` through error processing to `unconfigured`, for what cannot be mended.

        A lifecycle manager sees the transition and may configure the node again. To be called in
        the executor's thread.

        Args:
            reason: For the log, which gets one fatal line.
        """
        if self.is_active:
            self.get_logger().fatal(reason)
            self._failure = reason
            self.trigger_deactivate()

    def create_output(self, topic: TopicSpec) -> LifecyclePublisher:
        """A publisher that is silent while the node is not active; its QoS may be overridden."""
        return self.create_lifecycle_publisher(
            topic.message_type,
            topic.name,
            topic.publisher_qos(),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Called by rclpy."""
        self._failure = None
        if not self._succeeds("configure", self.configure):
            self._succeeds("cleanup", self.cleanup)
            return FAILURE
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Called by rclpy."""
        super().on_activate(state)
        if not self._succeeds("activate", self.activate):
            self._succeeds("deactivate", self.deactivate)
            super().on_deactivate(state)
            return FAILURE
        return SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Called by rclpy."""
        if not self._succeeds("deactivate", self.deactivate):
            return FAILURE
        super().on_deactivate(state)
        return ERROR if self.has_given_up else SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Called by rclpy where a transition has met an error: whatever there is, is taken down."""
        self._succeeds("deactivate", self.deactivate)
        return SUCCESS if self._succeeds("cleanup", self.cleanup) else FAILURE

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Called by rclpy."""
        return SUCCESS if self._succeeds("cleanup", self.cleanup) else FAILURE

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Called by rclpy, from any of the other states."""
        self._succeeds("deactivate", self.deactivate)
        super().on_deactivate(state)
        self._succeeds("cleanup", self.cleanup)
        return SUCCESS

    def _succeeds(self, name: str, step: Callable[[], None]) -> bool:
        try:
            step()
        except (GlamorError, ValueError, OSError) as error:
            self.get_logger().error(f"{name} failed: {error}")
            return False
        except Exception:
            self.get_logger().error(f"{name} failed:\n{traceback.format_exc()}")
            return False
        return True

    def _guarded(
        self,
        change_state: Callable[[ChangeState.Request, ChangeState.Response], ChangeState.Response],
    ) -> Callable[[ChangeState.Request, ChangeState.Response], ChangeState.Response]:
        def callback(
            request: ChangeState.Request, response: ChangeState.Response
        ) -> ChangeState.Response:
            try:
                return change_state(request, response)
            except RuntimeError as error:
                reason = str(error).split(", at ")[0]
                self.get_logger().error(
                    f"transition {request.transition.label or request.transition.id} is refused in "
                    f"the state {self.state_label}: {reason}"
                )
                response.success = False
                return response

        return callback

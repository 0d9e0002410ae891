"""A lifecycle node whose transitions say what went wrong and leave nothing half done."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE


class ManagedNode(LifecycleNode):
    """Subclasses give configure, activate, deactivate and cleanup; each may raise.

    What they raise is logged and the node stays in the state that it was in: one line for a
    ValueError or OSError, which say what the user gave wrong, a traceback for anything else. What a
    failed configure or activate had built is taken down again by cleanup or deactivate, which
    therefore must cope with parts that are not there.
    """

    def __init__(self, name: str, **node_options: Any) -> None:
        super().__init__(name, **node_options)
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

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Called by rclpy."""
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
        return super().on_deactivate(state)

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
        except (ValueError, OSError) as error:
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
                    f"the state {self._state_machine.current_state[1]}: {reason}"
                )
                response.success = False
                return response

        return callback

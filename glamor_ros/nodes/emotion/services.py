"""The services of the node: pausing, forgetting, and recognition in an image on request."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable
from concurrent import futures
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future
from sensor_msgs.msg import CompressedImage, Image
from std_srvs.srv import SetBool, Trigger

from glamor_ros.msg import PersonEmotionArray
from glamor_ros.srv import RecognizePeople

from ...errors import GlamorError
from ..common import services
from ..common.managed_node import ManagedNode
from ..input.image_subscription import ImageMessage
from .observation import Observation

# Each takes the time of a search of everything; who comes later is told at once.
MAX_WAITING_REQUESTS = 8


class RequestError(GlamorError):
    """A request to a service of the node that cannot be carried out; the text is the answer."""


class NodeServices:
    """The services of EMOTION_SERVICES, which are there in every state of the node.

    What takes time is done by the observing thread, in turn with the cameras' images; meanwhile
    the node's executor goes on.

    Args:
        node: Whose services they are.
        observation: What is at work now; None where the node is not active.
        recognize: Makes what finds the people in an image, to be called in the observing thread.
    """

    def __init__(
        self,
        node: ManagedNode,
        observation: Callable[[], Observation | None],
        recognize: Callable[[ImageMessage], Callable[[], PersonEmotionArray]],
    ) -> None:
        self._node = node
        self._observation = observation
        self._recognize = recognize
        self._waiting = 0
        self._answered: deque[tuple[futures.Future[Any], Future]] = deque()
        self._has_answers = node.create_guard_condition(self._hand_over)
        # A request that waits would hold up all else in the node's own group, which excludes.
        group = ReentrantCallbackGroup()
        for spec, callback in (
            (services.ENABLE, self._enable),
            (services.RESET_PEOPLE, self._reset_people),
            (services.RECOGNIZE_PEOPLE, self._recognize_people),
        ):
            node.create_service(spec.service_type, spec.name, callback, callback_group=group)

    def _enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        try:
            observation = self._active("pause it or let it go on")
            if request.data:
                observation.resume()
            else:
                observation.pause()
        except (GlamorError, ValueError) as error:
            response.success, response.message = False, str(error)
            return response
        response.success = True
        response.message = "the cameras are watched" if request.data else "paused"
        self._node.get_logger().info(f"{response.message}, by the service {services.ENABLE.name}")
        return response

    async def _reset_people(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        try:
            observation = self._active("there is nobody to forget")
            await self._outcome(observation.ask(observation.forget_people))
        except GlamorError as error:
            response.success, response.message = False, str(error)
            return response
        response.success, response.message = True, "everybody is forgotten"
        return response

    async def _recognize_people(
        self, request: RecognizePeople.Request, response: RecognizePeople.Response
    ) -> RecognizePeople.Response:
        try:
            observation = self._active("activate it to have images recognized")
            if self._waiting >= MAX_WAITING_REQUESTS:
                raise RequestError(
                    f"{self._waiting} images wait to be recognized already: ask again later"
                )
            errand = self._recognize(_image_of(request))
            self._waiting += 1
            try:
                response.people = await self._outcome(observation.ask(errand))
            finally:
                self._waiting -= 1
        except GlamorError as error:
            response.success, response.message = False, str(error)
        except Exception as error:
            self._node.get_logger().error(
                f"an image given to {services.RECOGNIZE_PEOPLE.name} was lost to an unexpected "
                f"error:\n{traceback.format_exc()}"
            )
            response.success = False
            response.message = f"unexpected error: {type(error).__name__}: {error}"
        else:
            response.success = True
            response.message = f"faces found: {len(response.people.people)}"
        return response

    def _active(self, advice: str) -> Observation:
        observation = self._observation()
        if observation is None:
            raise RequestError(f"the node is {self._node.state_label}: {advice}")
        return observation

    def _outcome(self, answer: futures.Future[Any]) -> Future:
        """What the observing thread makes of an errand, to be awaited in the executor."""
        outcome = Future(executor=self._node.executor)
        answer.add_done_callback(lambda done: self._note(done, outcome))
        return outcome

    def _note(self, answer: futures.Future[Any], outcome: Future) -> None:
        """Called in any thread; the executor's goes on with the request."""
        self._answered.append((answer, outcome))
        self._has_answers.trigger()

    def _hand_over(self) -> None:
        while self._answered:
            answer, outcome = self._answered.popleft()
            if answer.cancelled():
                outcome.set_exception(RequestError("the node was deactivated before it came to it"))
            elif (error := answer.exception()) is not None:
                outcome.set_exception(error)
            else:
                outcome.set_result(answer.result())


def _image_of(request: RecognizePeople.Request) -> Image | CompressedImage:
    has_raw, has_compressed = bool(request.image.data), bool(request.compressed_image.data)
    if has_raw and has_compressed:
        raise RequestError("both image and compressed_image hold an image: fill in one of them")
    if has_compressed:
        return request.compressed_image
    if has_raw:
        return request.image
    raise RequestError("there is no image in the request: fill in image or compressed_image")

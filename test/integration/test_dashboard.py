"""The dashboard in a real browser, beside real nodes. The tests follow one another on one page."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from numpy.typing import NDArray
from std_msgs.msg import Header

from glamor_ros.media.demo_photographs import two_people
from glamor_ros.media.moving_photograph import fitted
from glamor_ros.media.pictures import write_picture
from glamor_ros.messages.image_encoding import image_message
from glamor_ros.msg import PersonEmotionArray

from .browser import Page, needs_chromium
from .ros_peer import PATIENCE_S, Camera, NodeProcess, Peer, wait_for

pytest.importorskip("uvicorn")
pytest.importorskip("wsproto")

pytestmark = [pytest.mark.integration, needs_chromium]

ADDRESS = re.compile(r"the dashboard is at (http://127\.0\.0\.1:\d+/)")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    page = Page(tmp_path_factory.mktemp("browser"))
    yield page
    page.close()


@pytest.fixture(scope="module")
def start(
    start_node: Callable[..., NodeProcess], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], NodeProcess]:
    """Starts a node once; the tests of this module go on with the same."""
    photograph = tmp_path_factory.mktemp("photograph") / "both_smile.png"
    write_picture(photograph, fitted(two_people(), 640, 480))
    nodes: dict[str, NodeProcess] = {}
    parameters: dict[str, dict[str, object]] = {
        "image_source_node": {"source": str(photograph), "rate_hz": 8.0},
        "emotion_node": {"threads": 1},
        "dashboard_node": {"port": 0},
    }

    def start(name: str) -> NodeProcess:
        if name not in nodes:
            nodes[name] = start_node(name, parameters[name])
        return nodes[name]

    return start


def address_of(dashboard: NodeProcess) -> str:
    dashboard.wait_for_log("the dashboard is at")
    found = ADDRESS.search(dashboard.log)
    assert found, dashboard.log
    return found[1]


def watched_by_dashboard(peer: Peer, topic: str) -> bool:
    infos = peer.node.get_subscriptions_info_by_topic(topic)
    return any(info.node_name == "dashboard_node" for info in infos)


def test_people_are_shown_over_the_picture(
    page: Page, peer: Peer, start: Callable[[str], NodeProcess]
) -> None:
    start("image_source_node")
    start("emotion_node")
    dashboard = start("dashboard_node")
    address = address_of(dashboard)
    wait_for(lambda: watched_by_dashboard(peer, "/emotions"), "the dashboard's subscription")
    assert not watched_by_dashboard(peer, "/image"), "nobody watches yet"

    page.open(address)

    page.wait_for_text(".people .count", "2 in view")
    page.wait_for_text(".state", "Live")
    assert watched_by_dashboard(peer, "/image")
    assert not watched_by_dashboard(peer, "/attention")
    assert page.run(
        "[document.querySelector('canvas').width, document.querySelector('canvas').height]"
    ) == [640, 480]
    cards = page.run("[...document.querySelectorAll('.card .emotion')].map(e => e.innerText)")
    assert cards == ["Happy", "Happy"]
    # image_source_node tells of its camera, and so the distances are known.
    wait_for(
        lambda: [0.5 < one < 1.5 for one in distances_m(page)] == [True, True],
        "both people's distances",
    )
    # The labels are filled with the emotion's colour, which the photograph does not have.
    wait_for(lambda: page.run(COUNT_OF_LABEL_PIXELS) > 500, "labels in the picture")


def distances_m(page: Page) -> list[float]:
    """As the cards say."""
    return [float(one) for one in re.findall(r"(\d+\.\d)\sm\saway", page.text(".cards"))]


COUNT_OF_LABEL_PIXELS = """(() => {
    const canvas = document.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
        if (data[i] === 0xf0 && data[i + 1] === 0xe4 && data[i + 2] === 0x42) count += 1;
    }
    return count;
})()"""


def test_a_click_on_a_person_shows_the_attention(page: Page, peer: Peer) -> None:
    id_of_first = page.run("document.querySelector('.card').dataset.person")
    without_map = page.run(COUNT_OF_HEAT_PIXELS)
    page.click(".card .attention")

    wait_for(lambda: watched_by_dashboard(peer, "/attention"), "a subscription to /attention")
    assert page.run("document.querySelector('.card .attention').ariaPressed") == "true"
    with_map = without_map + 30_000
    wait_for(lambda: page.run(COUNT_OF_HEAT_PIXELS) > with_map, "an attention map in the picture")

    page.click(".card .attention")
    wait_for(lambda: page.run(COUNT_OF_HEAT_PIXELS) < with_map, "a picture without attention")
    wait_for(lambda: not watched_by_dashboard(peer, "/attention"), "no subscription")
    assert page.run("document.querySelector('.card').dataset.person") == id_of_first
    page.run(CLICK_A_FACE)
    wait_for(lambda: watched_by_dashboard(peer, "/attention"), "a subscription after a click")


# Of the heat's purple, of which the photograph has little.
COUNT_OF_HEAT_PIXELS = """(() => {
    const canvas = document.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
        if (Math.min(data[i], data[i + 2]) > data[i + 1] + 20) count += 1;
    }
    return count;
})()"""

# Just below the first label's colour, where the face is.
CLICK_A_FACE = """(() => {
    const canvas = document.querySelector("canvas");
    const { data, width } =
        canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) {
        if (data[i] === 0xf0 && data[i + 1] === 0xe4 && data[i + 2] === 0x42) {
            const box = canvas.getBoundingClientRect();
            const scale = canvas.clientWidth / width;
            const clientX = box.left + ((i / 4) % width + 30) * scale;
            const clientY = box.top + (Math.floor(i / 4 / width) + 60) * scale;
            canvas.dispatchEvent(new MouseEvent("click", { clientX, clientY, bubbles: true }));
            return true;
        }
    }
    return false;
})()"""


def test_health_and_diagnostics(page: Page, peer: Peer) -> None:
    wait_for(
        lambda: re.search(r"\d\.\d Hz\s+\d+ ms\s+\d+ ms\s+\d\.\d s ago", page.text("#rates")),
        "rate and latencies",
    )
    # The node's own, first.
    page.wait_for_text("#diagnostics", "emotion_node: networks")
    page.wait_for_text("#diagnostics", "emotion_node: camera")
    # In the order of a frame's way, whichever the node's second began with.
    stages = ["decode", "plan", "search", "track", "recognize", "publish"]
    wait_for(lambda: page.run(NAMES_OF_STAGES) == stages, "all stages in order")
    wait_for(lambda: page.text("#rates tbody td:last-child").isdigit(), "the dropped images")
    publisher = peer.node.create_publisher(DiagnosticArray, "/diagnostics", 10)
    status = DiagnosticStatus(
        level=DiagnosticStatus.ERROR,
        name="another_node: images",
        message="<b>slow</b>",
        values=[KeyValue(key="time detection [ms]", value="12.5")],
    )

    def is_shown() -> bool:
        publisher.publish(DiagnosticArray(status=[status]))
        return "another_node: images" in page.text("#diagnostics")

    wait_for(is_shown, "the diagnostics")
    assert page.text("#diagnostics .level") == "Error"
    assert page.text("#diagnostics .message") == "<b>slow</b>", "text stays text"
    wait_for(lambda: page.run(NAMES_OF_STAGES)[-1:] == ["detection"], "another node's stage, last")
    assert "12.5 ms" in page.text("#stages")
    peer.node.destroy_publisher(publisher)


NAMES_OF_STAGES = (
    "[...document.querySelectorAll('#stages li > :first-child')].map(e => e.innerText)"
)


def test_pause_and_reset(page: Page, peer: Peer) -> None:
    results, subscription = peer.collect(PersonEmotionArray, "emotions")
    wait_for(lambda: any(result.people for result in list(results)), "people")
    known = {person.person_id for result in list(results) for person in result.people}
    page.click("#reset")
    page.wait_for_text("#notice", "everybody is forgotten")
    wait_for(
        lambda: any(p.person_id not in known for r in list(results) for p in r.people), "new ids"
    )
    page.click("#pause")
    page.wait_for_text("#pause", "Resume")
    page.wait_for_text(".state", "Paused")
    page.wait_for_text("#diagnostics", "paused")
    count = len(results)
    page.click("#pause")
    page.wait_for_text("#pause", "Pause")
    wait_for(lambda: len(results) > count, "people again")
    peer.node.destroy_subscription(subscription)


def test_nothing_comes_from_elsewhere_and_nothing_is_refused(page: Page) -> None:
    loaded = page.run("performance.getEntriesByType('resource').map(e => e.name)")
    assert len(loaded) >= 6
    assert all(address.startswith(page.run("location.origin")) for address in loaded)
    assert page.complaints() == []


@pytest.mark.parametrize(("width", "height"), [(375, 800), (1280, 800)])
def test_it_fits_the_window(
    page: Page, start: Callable[[str], NodeProcess], width: int, height: int
) -> None:
    page.open(address_of(start("dashboard_node")), width, height)
    page.wait_for_text(".people .count", "2 in view")

    assert page.run("document.documentElement.scrollWidth") <= width
    rights = "[...document.querySelectorAll('button')].map(b => b.getBoundingClientRect().right)"
    assert 0 < max(page.run(rights)) <= width


def test_a_silent_camera_and_nobody_and_a_silent_node_are_told_apart(
    page: Page,
    peer: Peer,
    start: Callable[[str], NodeProcess],
    no_face: NDArray[np.uint8],
) -> None:
    assert start("image_source_node").stop() == 0
    page.wait_for_text(".state", "Camera silent")
    page.wait_for_text(".veil", "No pictures for")
    page.wait_for_text(".people .empty", "no messages for")

    stop = threading.Event()
    with Camera(peer) as camera:

        def publish() -> None:
            while not stop.wait(0.15):
                camera.publish(image_message(no_face, Header()))

        thread = threading.Thread(target=publish)
        thread.start()
        try:
            page.wait_for_text(".state", "Nobody in view")
            page.wait_for_text(".people .empty", "Nobody in view.")
            assert page.text(".veil") == ""

            assert start("emotion_node").stop() == 0
            page.wait_for_text(".state", "No messages")
            page.wait_for_text(".veil", "No messages from emotion_node for")
            # The picture goes on without people.
            assert float(page.text("#rates tbody td:nth-of-type(5)").removesuffix(" Hz")) > 0
        finally:
            stop.set()
            thread.join(PATIENCE_S)


def test_killed_in_mid_stream_it_disturbs_nothing(
    page: Page,
    peer: Peer,
    start_node: Callable[..., NodeProcess],
    start: Callable[[str], NodeProcess],
) -> None:
    start_node("image_source_node", {"rate_hz": 8.0})
    start_node("emotion_node", {"threads": 1})
    people, subscription = peer.collect(PersonEmotionArray, "emotions")
    page.wait_for_text(".people .count", "2 in view")

    assert start("dashboard_node").stop(signal.SIGKILL) == -signal.SIGKILL

    before = len(people)
    wait_for(lambda: len(people) >= before + 10, "ten more messages")
    page.wait_for_text("#connection", "Disconnected")
    page.wait_for_text(".people .empty", "cannot be reached")
    port = int(page.run("location.port"))
    again = start_node("dashboard_node", {"port": port})
    again.wait_for_log("the dashboard is at")
    page.wait_for_text("#connection", "Connected")
    page.wait_for_text(".people .count", "2 in view")
    assert again.stop() == 0
    assert "Traceback" not in again.log
    peer.node.destroy_subscription(subscription)


@pytest.mark.parametrize(
    ("parameters", "complaint", "exit_code"),
    [
        ({"host": "192.0.2.1"}, "cannot listen on 192.0.2.1:8080", 1),
        ({"host": "0.0.0.0", "token": "short"}, "token has 5 characters", 2),
        ({"port": 70000}, "port", 2),
        ({"cameras": ["front", "2nd"]}, "'2nd'", 2),
    ],
)
def test_what_cannot_be_served_ends_it(
    start_node: Callable[..., NodeProcess],
    parameters: dict[str, object],
    complaint: str,
    exit_code: int,
) -> None:
    node = start_node("dashboard_node", parameters)

    assert node.wait() == exit_code
    assert complaint in node.log
    assert "Traceback" not in node.log

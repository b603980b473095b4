"""What TensorBoard would show of a folder of event files."""

from dancenow.training.event_files import read_events


def all_values(folder):
    """Every (step, summary value) in the order in which TensorBoard reads them."""
    for path in sorted(folder.iterdir()):
        events = [event for _, event in read_events(path)]
        assert events[0].file_version == "brain.Event:2", path
        yield from ((event.step, value) for event in events[1:] for value in event.summary.value)


def scalars(folder):
    """{name: [(step, value)]}."""
    found = {}
    for step, value in all_values(folder):
        if value.HasField("simple_value"):
            found.setdefault(value.tag, []).append((step, value.simple_value))
    return found


def pictures(folder):
    """{name: [(step, width, height, bytes of the PNG)]}."""
    found = {}
    for step, value in all_values(folder):
        if value.HasField("image"):
            image = value.image
            shown = step, image.width, image.height, image.encoded_image_string
            found.setdefault(value.tag, []).append(shown)
    return found

"""Who is who: walkers of known places and sizes, one of whom is asked for."""

import logging
from fractions import Fraction

import numpy as np
import pytest

from crowds import AS_IS, crowd, walker
from dancenow.errors import InputError
from dancenow.keypoints import BODY, INDEX, boxes
from dancenow.pose.performer import track_performer
from dancenow.pose.tracks import choose_performer, find_persons, find_tracks


def middle(pose_or_keypoints):
    """Median x of the box, px."""
    box = boxes(getattr(pose_or_keypoints, "keypoints", pose_or_keypoints))
    return float(np.nanmedian(box[:, 0] + box[:, 2]) / 2)


def trio():
    """People: the largest on the right, the middle one in the middle, the smallest on the left."""
    return walker(200, 200, 200), walker(0, 0, 170), walker(-200, -200, 140)


@pytest.mark.parametrize(
    ("performer", "index"), [("largest", 0), ("right", 0), ("center", 1), ("left", 2), (1, 0), (2, 1), (3, 2)]
)
def test_the_performer_is_chosen_by_place_size_or_number(performer, index):
    people = trio()
    chosen = track_performer(crowd(*people), performer=performer, **AS_IS)
    assert np.array_equal(chosen.keypoints, people[index])


def test_the_order_of_detections_does_not_change_the_numbers():
    people = trio()
    for order in (people, people[::-1]):
        found = crowd(*order)
        places = [middle(found.keypoints[person.rows]) for person in find_persons(found)]
        assert places == pytest.approx([middle(person) for person in people])


@pytest.mark.parametrize("performer", ["largest", 2])
def test_a_choice_holds_through_a_crossing(performer):
    large, other = walker(-150, 150, 200), walker(150, -150, 180)
    chosen = track_performer(crowd(large, other), performer=performer, **AS_IS).keypoints
    assert np.array_equal(chosen, large if performer == "largest" else other)


def test_left_is_where_someone_mostly_is_not_where_they_begin():
    first_left, then_left = walker(-200, 200, 190), walker(0, -200, 190)
    chosen = track_performer(crowd(first_left, then_left), performer="left", **AS_IS)
    assert np.array_equal(chosen.keypoints, then_left)


def test_a_small_figure_far_off_is_not_meant_by_left():
    near, far = walker(100, 100, 200), walker(-250, -250, 40)
    assert np.array_equal(track_performer(crowd(near, far), performer="left", **AS_IS).keypoints, near)


def test_a_number_that_nobody_has_is_refused():
    with pytest.raises(
        InputError, match=r"performer is 4, but the people are numbered 1 to 3.*largest, left"
    ):
        track_performer(crowd(*trio()), performer=4, **AS_IS)


def test_the_log_counts_who_was_skipped(caplog):
    with caplog.at_level(logging.INFO):
        track_performer(crowd(*trio()), performer="center", **AS_IS)
    assert (
        "people: 3; the performer (center) is number 2; skipped: number 1 (40 frames), number 3"
        in caplog.text
    )


def test_someone_in_view_for_a_moment_gets_no_number():
    passer = walker(200, 200, 150)
    passer[8:] = 0
    assert len(find_persons(crowd(walker(0, 0, 200), passer))) == 1


def test_no_track_runs_across_a_cut():
    """Two shots: the second shows the two people the other way round and nearer."""
    before = walker(-150, -150, 160), walker(150, 150, 130)
    after = walker(-150, -150, 180), walker(150, 150, 220)
    cut = 20
    people = crowd(*(np.concatenate([a[:cut], b[cut:]]) for a, b in zip(before, after, strict=True)))
    wanted = {
        "left": (before[0], after[0]),
        "right": (before[1], after[1]),
        "largest": (before[0], after[1]),
    }
    for performer, (first, second) in wanted.items():
        chosen = track_performer(people, performer=performer, cuts=[cut], **AS_IS).keypoints
        assert np.array_equal(chosen[:cut], first[:cut]), performer
        assert np.array_equal(chosen[cut:], second[cut:]), performer


def test_after_a_cut_a_number_stays_with_the_size():
    tall, short = walker(-150, -150, 200), walker(150, 150, 130)
    people = crowd(np.concatenate([tall[:20], short[20:]]), np.concatenate([short[:20], tall[20:]]))
    for number, heights in ((1, tall), (2, short)):
        chosen = track_performer(people, performer=number, cuts=[20], **AS_IS).keypoints
        assert np.array_equal(chosen, heights)


def test_a_crowd_is_numbered_by_size():
    places = np.linspace(-280, 280, 30)
    people = crowd(*(walker(x, x, 100 + 3 * i, count=50) for i, x in enumerate(places)), fps=Fraction(25))
    persons = find_persons(people)
    assert len(persons) == 30
    chosen = choose_performer(people, persons, "largest")
    assert middle(people.keypoints[chosen]) == pytest.approx(middle(walker(280, 280, 100)), abs=1)
    assert (people.keypoints[chosen][:, BODY, 2] > 0).all()


RED, GREEN, GREY = (50, 60, 40), (50, -50, 40), (50, 0, 0)


def growing(start, end, low, high, count):
    """A walker who goes from `start` to `end` and from `low` to `high` px on the way."""
    stages = [walker(x, x, tall, count) for x, tall in ((start, low), (end, high))]
    share = np.linspace(0, 1, count)[:, None, None]
    return ((1 - share) * stages[0] + share * stages[1]).astype(np.float32)


def test_who_walks_towards_the_camera_is_one_person_though_lost_on_the_way():
    """Three times the height at the end; on either side of the gap the median heights differ by 1.7."""
    track = growing(0, 0, 100, 300, 100)
    track[44:56] = 0
    (person,) = find_persons(crowd(track))
    assert len(person.rows) == 88


@pytest.mark.parametrize("rate", [25, 75])
def test_who_appears_far_away_is_nobody_who_was_lost_a_moment_before(rate):
    times = rate // 25
    tracks = [np.repeat(walker(place, place, 200), times, axis=0) for place in (-120, 60)]
    tracks[0][20 * times :] = tracks[1][: 28 * times] = 0
    assert len(find_tracks(crowd(*tracks, fps=Fraction(rate)))) == 2


def test_a_second_skeleton_in_the_body_for_two_frames_does_not_take_over():
    """Too far from each other to be one, but both near enough to the body to be its next step."""
    body = walker(0, 0, 200)
    ghost = np.zeros_like(body)
    seen = body[20, :, 2:] > 0
    for frame, rise in ((20, -20), (21, 45)):
        ghost[frame] = body[frame]
        ghost[frame, :, :2] = (
            0.6 * body[frame, :, :2] + 0.4 * body[frame, INDEX["nose"], :2] + (0, rise)
        ) * seen
    chosen = track_performer(crowd(body, ghost), **AS_IS)
    assert np.array_equal(chosen.keypoints, body)


def lost_to_a_skeleton_of_the_upper_body(there=8):
    """((T, 133, 3) of somebody, of a skeleton that draws together to the head and is alone for eight frames;
    then seen beside them in every `there`-th frame)."""
    body = walker(0, 0, 200, 100)
    ghost, seen = np.zeros_like(body), body[0, :, 2:] > 0
    for frame in (*range(30, 40), *range(40 + there, 100, there)):
        share = min(frame - 29, 7) / 9
        ghost[frame] = body[frame]
        ghost[frame, :, :2] = seen * (
            (1 - share) * body[frame, :, :2] + share * body[frame, INDEX["nose"], :2]
        )
    body[30:38] = 0
    return body, ghost


def test_who_was_lost_to_a_skeleton_of_the_upper_body_is_followed_when_found_again():
    body, ghost = lost_to_a_skeleton_of_the_upper_body()
    people = crowd(body, ghost)
    assert len(find_tracks(people)) == 2  # the skeleton goes on with the track, and the person begins one
    rows = find_persons(people)[0].rows
    again = people.frame[rows] >= 38
    assert np.array_equal(people.keypoints[rows[again]], body[38:])


def test_who_was_hidden_behind_a_passer_by_does_not_continue_them():
    """The passer-by stops in front for two seconds and goes on; who was hidden is seen until the end."""
    dancer, passer = walker(0, 0, 200, 250), walker(0, 0, 220, 250)
    way = np.interp(np.arange(250), [40, 65, 115, 140], [-250, 0, 0, 250])
    passer[..., 0] += way[:, None] * (passer[..., 2] > 0)
    passer[:40] = passer[140:] = 0
    dancer[61:120] = 0
    people = crowd(dancer, passer)
    rows = choose_performer(people, find_persons(people), "largest")
    assert np.array_equal(people.keypoints[rows], dancer[dancer[..., 2].any(axis=1)])


def test_who_stays_in_view_beside_somebody_new_is_not_taken_over():
    body, ghost = lost_to_a_skeleton_of_the_upper_body(there=1)
    assert {len(person.rows) for person in find_persons(crowd(body, ghost))} == {99, 62}


@pytest.mark.parametrize(("colour", "persons"), [(RED, 1), (GREEN, 2)])
def test_who_is_back_elsewhere_and_at_another_size_is_known_by_the_clothes(colour, persons):
    gone, back = walker(-250, -250, 90, 200), walker(250, 250, 220, 200)
    gone[60:], back[:140] = 0, 0
    assert len(find_persons(crowd(gone, back, colours=[RED, colour]))) == persons
    # without colours nothing speaks for one person
    assert len(find_persons(crowd(gone, back))) == 2


def test_of_two_who_are_lost_together_each_is_found_again_by_the_clothes():
    """Behind something for a second they change places; size and place speak for the wrong one."""
    before = walker(-40, -40, 200, 100), walker(40, 40, 190, 100)
    after = walker(40, 40, 190, 100), walker(-40, -40, 200, 100)
    tracks = [
        np.concatenate([a[:40], np.zeros_like(a[:25]), b[65:]]) for a, b in zip(before, after, strict=True)
    ]
    people = crowd(*tracks, colours=[RED, GREEN])
    for person, track in zip(find_persons(people), tracks, strict=True):
        assert np.array_equal(people.keypoints[person.rows], track[track[..., 2].any(axis=1)])


def test_clothes_tell_people_apart_who_come_closer_than_they_step():
    """One jumps to where the other was: by distance alone they would change numbers."""
    tracks = walker(-8, -8, 200), walker(8, 8, 200)
    people = [track.copy() for track in tracks]
    for own, other in zip(people, tracks[::-1], strict=True):
        own[20:] = other[20:]
    people = crowd(*people, colours=[RED, GREEN])
    persons = find_persons(people)
    assert len(persons) == 2
    for person in persons:
        assert len(person.rows) == 40
        assert len(np.unique(people.looks[person.rows], axis=0)) == 1


def test_over_a_cut_clothes_count_more_than_size():
    tall, short = walker(-150, -150, 200), walker(150, 150, 130)
    people = crowd(
        np.concatenate([tall[:20], short[20:]]), np.concatenate([short[:20], tall[20:]]), colours=[RED, GREY]
    )
    persons = find_persons(people, [20])
    assert len(persons) == 2
    for person in persons:
        assert len(person.rows) == 40
        assert len(np.unique(people.looks[person.rows], axis=0)) == 1


def test_somebody_in_other_clothes_after_a_cut_is_somebody_else():
    before, after = walker(0, 0, 200), walker(0, 0, 200)
    before[20:], after[:20] = 0, 0
    assert len(find_persons(crowd(before, after, colours=[RED, GREEN]), [20])) == 2
    assert len(find_persons(crowd(before, after, colours=[RED, RED]), [20])) == 1


def test_a_fast_walker_is_expected_as_far_on_as_the_time_out_of_sight():
    fast = walker(0, 30 * 39, 200)
    fast[20:24] = 0
    assert len(find_tracks(crowd(fast))) == 1


def test_after_a_cut_the_size_tells_and_not_who_was_seen_longer():
    """Without colours: the small one, in view all the time, scores more than the large one."""
    large, small = walker(-150, -150, 200), walker(150, 150, 150)
    large[:26], large[54:] = 0, 0
    large, small = (np.concatenate([each, each]) for each in (large[:40], small))
    small[53:] = 0
    persons = find_persons(crowd(large, small), [40])
    heights = [np.ptp(crowd(large, small).keypoints[each.rows][:, BODY, 1], axis=1) for each in persons]
    assert len(persons) == 2 and all(np.ptp(each) < 10 for each in heights)


def test_who_comes_in_other_clothes_to_where_somebody_left_is_somebody_else():
    left, came = walker(0, 0, 200, 60), walker(5, 5, 200, 60)
    left[20:], came[:32] = 0, 0
    for colours, count in (([(50, 60, 40), (50, 35, 40)], 2), ([(50, 60, 40)] * 2, 1)):
        assert len(find_persons(crowd(left, came, colours=colours))) == count


def test_a_glimpse_does_not_come_between_the_long_tracks_of_somebody():
    """Who falls in a crowd is lost for a while; a frame of somebody else there would continue both."""
    dancer, glimpse = walker(0, 0, 200, 200), walker(10, 10, 200, 200)
    dancer[80:140] = glimpse[:90] = glimpse[92:] = 0
    people = crowd(dancer, glimpse, colours=[RED, (50, 52, 30)])
    assert [len(person.rows) for person in find_persons(people)] == [142]
    afterwards = walker(10, 10, 200, 200)
    afterwards[:150] = afterwards[153:] = 0
    people = crowd(dancer, glimpse, afterwards, colours=[RED, (50, 52, 30), (50, 52, 30)])
    assert len(find_persons(people)[0].rows) == 142

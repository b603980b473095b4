"""Results of an earlier run, or keypoints of the user's own, that are damaged or do not fit."""

import bad_origins as origins
import bad_results as results
from bad_rows import Bad

AGAIN = "delete it to make it again"
RESULTS = [
    Bad("torn-pose", "a truncated pose file",
        f"results/poses/torn-pose.npz: not a pose file (…); {AGAIN}",
        "measure_normalization", results.torn_pose),
    Bad("nan-pose", "a pose file with NaN in it",
        f"results/poses/nan-pose.npz: not a pose file (keypoints hold NaN or infinity); {AGAIN}",
        "measure_normalization", results.nan_pose),
    Bad("pickle-pose", "a pose file that holds a program (pickle); it is not run",
        f"results/poses/pickle-pose.npz: not a pose file (…); {AGAIN}",
        "measure_normalization", results.pickle_pose),
    Bad("torn-frames", "a truncated frame store",
        "results/frames/torn-frames.avi: frame … is damaged; delete the file and run extract_frames again",
        "make_background", results.torn_frames),
    Bad("torn-found", "a truncated file of the estimator's masks",
        f"results/masks/torn-found.found.npz: not a file of masks (…); {AGAIN}", "mask_performer",
        results.torn_found_masks),
    Bad("torn-masks", "a truncated file of masks",
        f"results/masks/torn-masks.npz: not a file of masks (…); {AGAIN}",
        "make_background", results.torn_masks),
    Bad("torn-camera", "a truncated camera path",
        f"results/camera/torn-camera.npz: not a camera path file (…); {AGAIN}", "track_performer",
        results.torn_camera),
    Bad("torn-view", "a truncated steady view",
        f"results/steady/torn-view.npz: not a steady view file (…); {AGAIN}", "mask_performer",
        results.torn_view),
    Bad("two-runs", "results of two runs in one folder",
        "results/frames/two-runs.json holds 3 frames, results/steady/two-runs.npz 4 frames; "
        "they are not of one run: delete both to make them again", "mask_performer",
        results.view_of_another_run),
    Bad("few-masks", "a file of masks of fewer frames than the clip",
        "results/poses/few-masks.steady.npz holds 3 frames, results/masks/few-masks.npz 2 frames; "
        "they are not of one run: delete both to make them again", "make_background", results.few_masks),
    Bad("torn-references", "a truncated file of references",
        f"results/references/torn-references.npz: not a file of references (…); {AGAIN}",
        "choose_references", results.torn_references),
    Bad("torn-choice", "a truncated file of chosen references",
        f"results/references/torn-choice_as_good.npz: not a file of chosen references (…); {AGAIN}",
        "preview_transfer", results.torn_choice),
    Bad("large-references", "references cut with a preset of another size",
        "results/references/large-references.npz holds pictures of 384x256 px, "
        "results/poses/large-references_as_good.npz pictures of 192x128 px; "
        "they are not of one run: delete both to make them again", "choose_references",
        results.references_of_another_preset),
    Bad("other-choice", "chosen references of another dance, or of other settings",
        "results/references/other-choice_as_good.npz: chosen from other references or for another dance than "
        f"those of this run; {AGAIN}", "preview_transfer", results.choice_of_another_run),
    Bad("old-consent", "one person of a batch whose consent has expired",
        "config: subjects.old-consent.consent: expired on 2026-03-04; ask Anna A. again, or leave "
        "old-consent out", "preview_transfer", results.make_references,
        subject={"consent": origins.GIVEN | {"until": "2026-03-04"}}),
    Bad("unasked", "one person of a batch without a consent, although provenance.require_consent is true",
        "config: subjects.unasked.consent: consent not recorded, and provenance.require_consent asks for it; "
        "add who, when and use", "preview_transfer", results.make_references, subject={"consent": None}),
    Bad("torn-facts", "a truncated facts file of a frame store",
        f"results/frames/torn-facts.json: damaged, not JSON (…); {AGAIN}", "track_performer",
        results.torn_facts),
    Bad("emptied-facts", "a facts file in which nothing is left",
        f"results/frames/emptied-facts.json: damaged, it holds no keys; {AGAIN}", "track_performer",
        results.emptied_facts),
    Bad("old-statistics", "a JSON file of an older version, or one from which somebody took a key",
        "results/normalization/old-statistics.json: has no 'toes', so another version wrote it or somebody "
        f"changed it; {AGAIN}", "normalize_poses", results.old_statistics),
    Bad("null-statistics", "a JSON file in which somebody changed a number to a word or to null",
        "results/normalization/null-statistics.json: its 'h_far' cannot be null, so another version wrote it "
        f"or somebody changed it; {AGAIN}", "normalize_poses", results.changed_statistics),
    Bad("number", "a performer number that does not exist",
        "results/poses/number.people.npz: subjects.<name>.performer is 7, but the people are numbered 1 "
        "to 1; use one of these numbers or: largest, left, right, center; see "
        "results/figures/<name>.people.png",
        "track_performer", results.people, {"performer": 7}),
    Bad("torn-model", "a truncated generator file",
        "results/models/torn-model/generator.safetensors: not a generator file (…); "
        "delete it to train it again", "synthesize_frames", results.torn_generator),
    Bad("pickle-model", "a program (pickle) instead of a generator; it is not run",
        "results/models/pickle-model/generator.safetensors: not a generator file (…); "
        "delete it to train it again", "synthesize_frames", results.pickle_generator),
    Bad("large-model", "a generator for another frame size",
        "results/models/large-model/generator.safetensors: gives 128x96 px, the pose is 192x128 px; "
        "set frames.long_edge back, or delete the generator to train it again",
        "synthesize_frames", results.large_generator),
    Bad("mixed", "a pair of imported and detected keypoints",
        "results/poses/mixed.npz was made by openpose-body25 (imported), results/poses/good.steady.npz by "
        "mediapipe (sha256:test); their keypoints sit differently on the body: name keypoints of one "
        "format under `poses` for both subjects, or for neither", "normalize_poses", results.imported_pose),
    Bad("no-poses", "a folder without keypoint files",
        "own/no-poses: no keypoint files in it; OpenPose writes {clip}_000000000000_keypoints.json and so "
        "on, or {clip}000000_pose.yml", "import_poses", results.no_keypoints),
    Bad("few-poses", "fewer keypoint files than frames",
        "own/few-poses: keypoints of 2 frames for a clip of 3; …; run the estimator on this very clip, on "
        "every frame", "import_poses", results.few_keypoints),
    Bad("json-poses", "a keypoint file that is not JSON",
        "own/json-poses/clip_000000000001_keypoints.json: not JSON (…); write the file again",
        "import_poses", results.broken_keypoints),
    Bad("other-order", "keypoints in another order than that of a body model with as many",
        "own/other-order: its 23 points of a body are in another order than those of body23: neck or mid-hip "
        "would lie … % of the body's size beside its place; write them in the order that "
        "docs/architecture.md tells, or give COCO-WholeBody results", "import_poses", results.other_order),
    Bad("two-bodies", "keypoints of two body models in one folder",
        "own/two-bodies/clip_000000000001_keypoints.json: body model …, but "
        "clip_000000000000_keypoints.json has …; write the whole folder with one body model",
        "import_poses", results.two_models),
]  # fmt: skip

"""The table of bad and hostile input: what is wrong, and the one line that the user reads.

In a line "…" stands for words of other programs (ffmpeg's reason, a list of names). errors_page.py makes
docs/errors.md of this table.
"""

import re
from dataclasses import dataclass, field

import bad_clips as clips
import bad_origins as origins
import bad_results as results


@dataclass(frozen=True)
class Bad:
    """One bad input, of a subject called `name`.

    wrong: in words; says: the whole line; rule: which refuses it; make: called with the path of the clip
    (Footage) or with the folder of the run and the name (Result); subject: what the configuration says of the
    subject, beside its clip; config: what it says beside subjects; target: what is asked for.
    """

    name: str
    wrong: str
    says: str
    rule: str = ""
    make: object = None
    subject: dict = field(default_factory=dict)
    config: dict = field(default_factory=dict)
    target: str = ""

    def matches(self, line):
        """Whether the line is the one that the table says."""
        return re.fullmatch(re.escape(self.says).replace("…", ".+"), line) is not None


def clip(name, *more):
    """The entry of a clip in the configuration."""
    return {"video": f"clips/{name}.mp4"}


# --- footage: refused by the rules that read it, target results/normalization/{name}.json

COPY = "copy the clip again"
JOIN = (
    r"""join them without loss: printf "file '%s'\n" ONE.mp4 TWO.mp4 > list.txt && """
    "ffmpeg -f concat -i list.txt -c copy joined.mp4"
)
FOOTAGE = [
    Bad("text", "a text file named mp4",
        "clips/text.mp4: not a video (…); give a clip such as an mp4", "probe_clip", clips.text),
    Bad("empty", "an empty file",
        f"clips/empty.mp4: the file is empty; {COPY}", "probe_clip", lambda path: path.touch()),
    Bad("no-index", "an incomplete download, without the mp4's index",
        "clips/no-index.mp4: cut short (moov atom not found); copy the whole clip again",
        "probe_clip", clips.moov_missing),
    Bad("half", "an incomplete download, with the index at the front",
        f"clips/half.mp4: cut short, 0.40 of 0.80 s are there; {COPY}",
        "probe_clip", clips.cut_in_the_middle),
    Bad("sound", "sound only",
        "clips/sound.mp4: it contains no picture, only sound or data; give a video clip",
        "probe_clip", clips.sound),
    Bad("picture", "a picture (PNG) named mp4",
        "clips/picture.mp4: not a video (…); give a clip such as an mp4", "probe_clip", clips.picture),
    Bad("page", "a web page saved in the clip's place",
        "clips/page.mp4: a web page, not a video; download the clip itself", "probe_clip", clips.web_page),
    Bad("pointer", "what Git keeps of a large file (LFS)",
        "clips/pointer.mp4: stands for a file that Git LFS keeps; in its repository, run: git lfs pull",
        "probe_clip", clips.lfs_pointer),
    Bad("protected", "a clip with copy protection (DRM)",
        "clips/protected.mp4: its picture is encrypted (copy protection, DRM); give an unprotected copy",
        "probe_clip", clips.encrypted),
    Bad("no-frames", "a video track without frames",
        "clips/no-frames.mp4: it contains no frame; give a clip with at least one frame",
        "probe_clip", clips.no_frames),
    Bad("concat", "a concat script named mp4, which refers to another file",
        "clips/concat.mp4: not a video (…); give a clip such as an mp4", "probe_clip", clips.concat_script),
    Bad("playlist", "a playlist (m3u8) named mp4, which refers to another file",
        "clips/playlist.mp4: not a video (…); give a clip such as an mp4", "probe_clip", clips.playlist),
    Bad("folder", "a folder instead of a clip",
        "clips/folder.mp4: a folder, not a clip; name the file in it that is the clip",
        "probe_clip", lambda path: path.mkdir()),
    Bad("late", "start beyond the end of the clip",
        "clips/late.mp4: start: 9 s, but the clip ends at 0.40 s; set it lower",
        "probe_clip", clips.good, {"start": 9}),
    Bad("long", "end beyond the end of the clip",
        "clips/long.mp4: end: 9 s, but the clip ends at 0.40 s; set it lower or leave it out",
        "probe_clip", clips.good, {"end": 9}),
    Bad("backwards", "end before start",
        "clips/backwards.mp4: end: 0.1 s is not after start, 0.2 s; set it higher",
        "probe_clip", clips.good, {"start": 0.2, "end": 0.1}),
    Bad("outside", "crop outside the picture",
        "clips/outside.mp4: crop: [50, 0, 64, 64] reaches beyond the upright picture, 96x64 px; "
        "x + w and y + h must lie within it", "probe_clip", clips.good, {"crop": [50, 0, 64, 64]}),
    Bad("damaged", "data damaged in the middle",
        "clips/damaged.mp4: damaged after frame … of 20 (…); copy the clip again or re-encode it",
        "extract_frames", clips.damaged),
    Bad("two-sizes", "a picture size that changes within the clip",
        "clips/two-sizes.mp4: its picture changes from 96x64 px (yuv420p) to 64x96 px (yuv420p) at frame 5; "
        "re-encode it to one size and format",
        "probe_clip", clips.two_sizes),
    Bad("joined", "mp4 files joined byte by byte (`cat`)",
        "clips/joined.mp4: several recordings joined byte by byte, of which only the first is ever shown; "
        f"{JOIN}", "probe_clip", clips.joined),
    Bad("joined-streams", "streams (MPEG-TS) joined byte by byte",
        "clips/joined-streams.mp4: several recordings joined byte by byte, its times begin anew after 0.4 s; "
        f"{JOIN}", "probe_clip", clips.joined_streams),
    Bad("shapes", "several clips of different shapes",
        "the clips differ in shape (clips/shapes.mp4 96x64, clips/tall.mp4 64x96); "
        "give each a `crop` of one shape", "extract_frames", clips.good,
        {"clips": [clip("shapes"), clip("tall")]}),
    Bad("rates", "several clips with different frame rates",
        "the clips differ in frames a second (clips/rates.mp4 25/1, clips/slow.mp4 10/1); "
        "give the subject an `fps`", "extract_frames", clips.good,
        {"clips": [clip("rates"), clip("slow")]}),
    Bad("nobody", "nobody in the picture",
        "nobody: mediapipe finds nobody in any of the 3 frames; use a clip that shows one person from head "
        "to feet", "detect_poses", clips.nobody),
    Bad("head", "a talking head, no body",
        "head: only 0 of 4 frames show the person from head to feet, too few to measure size and place; "
        "use footage of the whole body", "measure_normalization", clips.talking_head),
]  # fmt: skip

# --- results of an earlier run, or keypoints of the user's own, that are damaged or do not fit

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
    Bad("two-bodies", "keypoints of two body models in one folder",
        "own/two-bodies/clip_000000000001_keypoints.json: body model …, but "
        "clip_000000000000_keypoints.json has …; write the whole folder with one body model",
        "import_poses", results.two_models),
]  # fmt: skip

# --- the configuration and the command: refused before anything runs

FRAMES = "results/frames/anna.json"
GOOD = {"video": "clips/good.mp4"}
CONFIG = [
    Bad("absent", "a missing clip",
        "error: clips/absent.mp4: no such file; put it there or correct config: subjects.anna",
        subject=clip("absent")),
    Bad("dangling", "a link to a missing clip",
        "error: clips/dangling.mp4: no such file; put it there or correct config: subjects.anna",
        make=clips.dangling, subject=clip("dangling")),
    Bad("loop", "a link to itself",
        "clips/loop.mp4: Too many levels of symbolic links; correct config: subjects.anna",
        make=clips.loop, subject=clip("loop")),
    Bad("absent-poses", "missing keypoints",
        "error: own/absent: no such file; put it there or correct config: subjects.anna.poses",
        subject=GOOD | {"poses": "own/absent"}, target="results/poses/anna.npz"),
    Bad("two-videos", "both `video` and `clips`",
        "config: subjects.anna: …: give either one video, with its start, end and crop, or a list of clips, "
        "each with its own", subject=GOOD | {"clips": [GOOD]}),
    Bad("source", "a source of several clips",
        "results/alice_as_anna.mp4: alice_as_anna: anna has several clips and can only be a target, because "
        "the dance of a source must not be interrupted; give the source one `video`",
        subject={"clips": [GOOD, GOOD]}, target="results/alice_as_anna.mp4"),
    Bad("stranger", "a target that names an unknown subject",
        "results/alice_as_ana.mp4: alice_as_ana: 'ana' is not one of the subjects (…); did you mean 'anna'?",
        target="results/alice_as_ana.mp4"),
    Bad("transfer", "a transfer of an unknown subject",
        "config: transfers: anna_as_bob: 'bob' is not one of the subjects (…); add it with its video to "
        "subjects in config.yaml", config={"transfers": ["anna_as_bob"]}),
    Bad("grammar", "a transfer that is not a pair",
        "config: transfers.0: anna and bob: not a transfer; write {target}_as_{source}",
        config={"transfers": ["anna and bob"]}),
    Bad("truth", "scores of a pair without a ground truth",
        "config: evaluation.truth: no footage is named for alice_as_anna; a transfer without one cannot be "
        "scored", target="results/metrics/alice_as_anna.json"),
    Bad("absent-truth", "a missing ground truth",
        "error: clips/truth.mp4: no such file; put it there or correct config: "
        "evaluation.truth.alice_as_anna", target="results/metrics/alice_as_anna.json",
        config={"evaluation": {"truth": {"alice_as_anna": "clips/truth.mp4"}}}),
    Bad("typo", "a misspelt key",
        "config: train.stepps: unknown key; did you mean 'steps'?", config={"train": {"stepps": 5}}),
    Bad("moved", "a key of an earlier version that has moved",
        "config: train.devices: moved to hardware.devices", config={"train": {"devices": 2}}),
    Bad("type", "a word instead of a number",
        "config: train.steps: 'many' is not a whole number (Optimiser steps)",
        config={"train": {"steps": "many"}}),
    Bad("preset", "an unknown preset",
        "config: preset: 'fast' is not one of: smoke, quick, demo, studio, paper", config={"preset": "fast"}),
    Bad("escape", "a subject name that would lead out of results/",
        "config: subjects: ../../etc: not a valid subject name; use lower-case letters, digits and single "
        "hyphens between them, at most 80", config={"subjects": {"../../etc": GOOD}}),
    Bad("two-names", "two invalid names",
        "config: subjects: …: not a valid subject name; use lower-case letters, digits and single hyphens "
        "between them, at most 80", config={"subjects": {"Bob Smith": GOOD, "b_as_c": GOOD}}),
    Bad("edge", "a working size that is not a multiple of 32",
        "config: frames.long_edge: 200 is not a multiple of 32", config={"frames": {"long_edge": 200}}),
    Bad("window", "a smoothing window of so many frames, not seconds",
        "config: pose.window: 5 is greater than the maximum of 2", config={"pose": {"window": 5}}),
    Bad("rate", "a frame rate out of range",
        "config: subjects.anna.fps: 1000 is greater than the maximum of 240", subject=GOOD | {"fps": 1000}),
    Bad("cut-poses", "your own keypoints for part of a clip",
        "config: subjects.anna.poses: keypoints of your own belong to one whole clip; cut the clip first and "
        "leave out: start", subject=GOOD | {"poses": "own", "start": 1}),
    Bad("no-proof", "a consent whose file is missing",
        "clips/anna.pdf: cannot be read (No such file or directory); put it there or correct config: "
        "subjects.anna.consent.file", target="results/alice_as_anna.mp4",
        config={"provenance": {"require_consent": True}},
        subject=GOOD | {"consent": {"who": "Anna A.", "when": "2026-03-01", "use": "publish",
                                    "file": "clips/anna.pdf"}}),
    Bad("yaml", "a configuration that is not YAML",
        "Config file is not valid JSON or YAML. In case of YAML, make sure to not mix whitespace and tab "
        "indentation.", config="a: [1,\n b: }\n"),
    Bad("twice", "a key that stands twice, of which YAML drops one",
        "config: …/mine.yaml: line 2: the key train stands twice in one place; keep one of the two",
        config="train: {steps: 5}\ntrain: {batch: 2}\n"),
    Bad("section", "a section without keys",
        "config: train: empty; write its keys below it, as config.yaml does", config="train:\n"),
    Bad("listed", "a list where names with their keys are expected",
        "config: subjects: ['anna', 'alice'] is no map of keys; write its keys below it, as config.yaml does",
        config="subjects: [anna, alice]\n"),
    Bad("unnamed", "a clip without the key `video`",
        "config: subjects.anna: 'anna.mp4' is no map of keys; write its keys below it, as config.yaml does",
        config="subjects: {anna: anna.mp4}\n"),
    Bad("infinite", "a number that is none",
        "config: train.learning_rate: not a finite number; write one",
        config="train: {learning_rate: .nan}\n"),
    Bad("presets", "a list of presets",
        "config: preset: ['demo'] is not one of: smoke, quick, demo, studio, paper",
        config="preset: [demo]\n"),
]  # fmt: skip

# --- refused by the library, where a workflow around it would show nothing more

LIBRARY = [
    Bad("one-frame", "a target of a single frame",
        "one.npz: no two consecutive training frames show a person; use a longer clip of the whole body",
        make=results.train_on_one_frame),
    Bad("holdout", "scoring unseen footage when train.holdout is 0",
        "train.holdout holds out no frame; set it to about 0.2 to score unseen footage",
        make=results.score_without_holdout),
]  # fmt: skip

# --- keys and consents, refused by the library before anything is made

CONSENT = "config: subjects.anna.consent: "
ORIGIN = [
    Bad("shared-key", "a signing key that others may read",
        ".provenance/key.pem: others may read this private key (mode 0640); run: chmod 600 "
        ".provenance/key.pem", make=origins.shared_key),
    Bad("damaged-key", "a signing key that is damaged",
        ".provenance/chain.pem, .provenance/key.pem: not a PEM certificate and an unencrypted PEM key; "
        "put them back from your copy, or delete .provenance for new ones", make=origins.damaged_key),
    Bad("damaged-certificate", "a certificate of yours that is damaged",
        "mine.pem, .provenance/key.pem: not a PEM certificate and an unencrypted PEM key; correct "
        "provenance.certificate and provenance.key", make=origins.damaged_certificate),
    Bad("lost-key", "a signing key that is missing",
        ".provenance/key.pem: cannot be read (No such file or directory); put them back from your copy, or "
        "delete .provenance for new ones", make=origins.lost_key),
    Bad("cut-off-chain", "certificates that are cut off",
        ".provenance/chain.pem, .provenance/key.pem: not a PEM certificate and an unencrypted PEM key; "
        "put them back from your copy, or delete .provenance for new ones", make=origins.cut_off_chain),
    Bad("expired-certificate", "a certificate that is not valid on this day",
        ".provenance/chain.pem: valid from …, and this machine's clock says …; set the clock, or put them "
        "back from your copy, or delete .provenance for new ones", make=origins.expired_certificate),
    Bad("damaged-authority", "an authority's certificate that is damaged",
        ".provenance/authority.pem: no certificates in PEM, or damaged ones; put it back from your copy, or "
        "delete it", make=origins.damaged_authority),
    Bad("another-key", "a key that does not belong to the certificate",
        "others/key.pem: does not belong to the first certificate in .provenance/chain.pem; give a matching "
        "pair, the signer's certificate before its chain", make=origins.another_key),
    Bad("shared-mark-key", "a mark's key that others may read",
        "secrets/mark.key: others may read the secret key (mode 0644); run: chmod 600 secrets/mark.key",
        make=origins.shared_mark_key),
    Bad("damaged-mark-key", "a mark's key that is damaged",
        "secrets/mark.key: 5 bytes, but a key has 32; restore it from your copy, or delete it to make a new "
        "one, which cannot find marks made with the old one", make=origins.damaged_mark_key),
    Bad("no-mark-key", "a mark's key that is no file",
        "secrets/mark.key: cannot be read (Is a directory); restore it from your copy, or delete it to make "
        "a new one, which cannot find marks made with the old one", make=origins.no_mark_key),
    Bad("key-is-a-pipe", "a signing key or a proof of consent that is no file",
        "pipe.pem: cannot be read (a pipe or a device, not a file); correct provenance.certificate and "
        "provenance.key", make=origins.key_from_a_pipe),
    Bad("expired", "a consent that has expired",
        CONSENT + "expired on 2026-03-04; ask Anna A. again, or leave anna out",
        make=origins.consent(until="2026-03-04")),
    Bad("narrower", "a consent narrower than provenance.use",
        CONSENT +
            "given for research, and provenance.use is publish; ask for a wider consent, or set a narrower "
            "provenance.use"
        , make=origins.consent(use="research")),
    Bad("too-early", "a consent dated in the future",
        CONSENT + "given on 2026-05-02, but this machine's clock says …; correct the date, or set the clock",
        make=origins.consent(when="2026-05-02")),
    Bad("no-consent", "no consent, although provenance.require_consent is true",
        CONSENT + "consent not recorded, and provenance.require_consent asks for it; add who, when and use",
        make=origins.no_consent),
]  # fmt: skip

# --- the machine

FULL_DISK = [
    Bad("frames.avi", "the disk is full, while frames are written",
        "frames.avi: cannot be written after frame … (…); is the disk full?", make=results.write_frames),
    Bad("film.mp4", "the disk is full, while a film is written",
        "film.mp4: cannot be written after frame … (…); is the disk full?", make=results.write_film),
    *(Bad(name, f"the disk is full, while {what} is written",
          f"{name}: cannot be written (…); free space on its disk and run again", make=make)
      for name, what, make in (("pose.npz", "a pose", results.write_pose),
                               ("background.png", "a picture", results.write_picture),
                               ("camera.npz", "a camera path", results.write_camera),
                               ("steady.npz", "a steady view", results.write_view),
                               ("references.npz", "a file of references", results.write_references),
                               ("choice.npz", "a choice of references", results.write_choice),
                               ("facts.json", "a JSON file", results.write_facts))),
    Bad("generator.safetensors", "the disk is full, while a generator is written",
        "generator.safetensors: cannot be written (…); free space on its disk", make=results.write_generator),
]  # fmt: skip

PARTS = {
    "Footage": FOOTAGE, "Damaged results, and keypoints that do not fit": RESULTS,
    "Configuration and command": CONFIG, "Too little footage": LIBRARY,
    "Keys and consents": ORIGIN, "The disk": FULL_DISK,
}  # fmt: skip

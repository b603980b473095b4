"""The table of bad and hostile input: its parts, of which errors_page.py makes docs/errors.md."""

import bad_origins as origins
import bad_results as results
from bad_configurations import CONFIG
from bad_files import RESULTS
from bad_footage import FOOTAGE
from bad_rows import Bad

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

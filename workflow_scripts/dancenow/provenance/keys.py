"""The key that signs results: the user's, or one made once in the working folder with a CA of its own."""

import datetime
import fcntl
import logging
import os
import stat
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dancenow.errors import InputError
from dancenow.files import is_open_to_others, open_regular

log = logging.getLogger(__name__)

# beside results/, so that no bundle, report or copy of the results takes it along
FOLDER = Path(".provenance")
KEY, CHAIN, AUTHORITY = "key.pem", "chain.pem", "authority.pem"
LIFETIME = datetime.timedelta(days=3650)
MOST_PEM = 8 << 20  # bytes; every authority that a browser trusts fits into one
CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


def signing_key(
    certificate: str | Path | None = None, key: str | Path | None = None, folder: str | Path = FOLDER
) -> tuple[bytes, bytes, str]:
    """The signer: certificates (PEM, the signer's first), private key (PEM), the name of the algorithm.

    certificate, key: the user's files, both or neither. Without them those in `folder` are used, and made
    the first time. InputError names a file that is missing, is not PEM, does not match the other one, is not
    valid today, or that others may read.
    """
    if bool(certificate) != bool(key):
        raise InputError("config: provenance: certificate and key belong together; give both or neither")
    remedy = "correct provenance.certificate and provenance.key"
    if not certificate or not key:
        remedy = f"put them back from your copy, or delete {folder} for new ones"
        _make_once(Path(folder))
        certificate, key = Path(folder, CHAIN), Path(folder, KEY)
    private = _private(Path(key), remedy)
    chain = _read(Path(certificate), remedy)
    try:
        loaded = serialization.load_pem_private_key(private, password=None)
        held = _certificates(chain)
        belongs = held[0].public_key() == loaded.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(
            f"{certificate}, {key}: not a PEM certificate and an unencrypted PEM key; {remedy}"
        ) from error
    if not belongs:
        raise InputError(
            f"{key}: does not belong to the first certificate in {certificate}; give a matching pair, "
            "the signer's certificate before its chain"
        )
    _check_days(held, certificate, remedy)
    return chain, _pkcs8(loaded), _algorithm(loaded, key)


def authority(folder: str | Path = FOLDER) -> bytes | None:
    """The certificate (PEM) of the working folder's own CA, or None. InputError for a damaged file."""
    path = Path(folder, AUTHORITY)
    return trusted(path, "put it back from your copy, or delete it") if path.is_file() else None


def trusted(path: str | Path, remedy: str = "correct --trust") -> bytes:
    """Certificates (PEM) that the user trusts, of one file. InputError for one without any."""
    held = _read(Path(path), remedy)
    try:
        _certificates(held)
    except ValueError as error:
        raise InputError(f"{path}: no certificates in PEM, or damaged ones; {remedy}") from error
    return held


def _certificates(held: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM file. ValueError where there is none or where one is cut off."""
    loaded = x509.load_pem_x509_certificates(held)
    if len(loaded) != held.count(b"-----BEGIN CERTIFICATE-----"):
        raise ValueError("a certificate is cut off")
    return loaded


def _check_days(chain: list[x509.Certificate], path: str | Path, remedy: str) -> None:
    """Refuse a chain that is not valid now: a reader would call every signature of it broken."""
    now = datetime.datetime.now(datetime.UTC)
    begin = max(each.not_valid_before_utc for each in chain)
    end = min(each.not_valid_after_utc for each in chain)
    if not begin <= now <= end:
        raise InputError(
            f"{path}: valid from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}, and this machine's clock "
            f"says {now:%Y-%m-%d %H:%M} UTC; set the clock, or {remedy}"
        )


def _read(path: Path, remedy: str) -> bytes:
    try:
        with open_regular(path, MOST_PEM) as file:
            return file.read()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {remedy}") from error


def _private(path: Path, remedy: str) -> bytes:
    """A private key's bytes; refused where anybody but its owner may read or write it."""
    held = _read(path, remedy)
    if is_open_to_others(path):
        mode = stat.S_IMODE(path.stat().st_mode)
        raise InputError(f"{path}: others may read this private key (mode {mode:04o}); run: chmod 600 {path}")
    return held


def _pkcs8(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _algorithm(key: PrivateKeyTypes, path: str | Path) -> str:
    """The C2PA name of the signature that a private key makes."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    raise InputError(f"{path}: C2PA does not support this kind of key; give an Ed25519, ECDSA or RSA key")


def _make_once(folder: Path) -> None:
    """Key and certificates in `folder`, unless they are there; one job makes them, others wait for it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            f"{folder}: no folder can be made here ({error.strerror}); move away what is there"
        ) from error
    with open(folder / ".lock", "w", encoding="utf-8") as lock:
        with suppress(OSError):  # a network disk may have no locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        # written last, so a key without it is left over from a killed job
        if (folder / CHAIN).is_file():
            return
        _make(folder)
        log.info(
            "%s: made a signing key and a certificate authority; on other machines the signature is "
            "untrusted",
            folder,
        )


def _make(folder: Path) -> None:
    """A key and its certificate from a CA whose own key is discarded, so that it never signs another."""
    ca_key, leaf_key = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
    ca = _certificate("dancenow local authority", ca_key.public_key(), None, ca_key, ca=True)
    leaf = _certificate("dancenow local signer", leaf_key.public_key(), ca, ca_key, ca=False)
    pem = serialization.Encoding.PEM
    _write(folder / KEY, _pkcs8(leaf_key), 0o600)
    _write(folder / AUTHORITY, ca.public_bytes(pem), 0o644)
    _write(folder / CHAIN, leaf.public_bytes(pem) + ca.public_bytes(pem), 0o644)


def _certificate(
    name: str,
    public: ed25519.Ed25519PublicKey,
    issuer: x509.Certificate | None,
    issuer_key: ed25519.Ed25519PrivateKey,
    ca: bool,
) -> x509.Certificate:
    """An X.509 certificate as C2PA asks for it: an organisation in the name, one purpose, no CA rights."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "dancenow, made on this machine"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    now = datetime.datetime.now(datetime.UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        + ("encipher_only", "decipher_only"),
        False,
    )
    usage |= {"digital_signature": not ca, "key_cert_sign": ca, "crl_sign": ca}
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if not ca:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        built = built.add_extension(purpose, critical=False)
    return built.sign(issuer_key, None)


def _write(path: Path, held: bytes, mode: int) -> None:
    """Write a whole file that has its final rights from its first byte on."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(held)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)

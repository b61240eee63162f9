"""Seals a project: bag, signatures, time stamp, entry in the transparency log, and only then the package's own name.

Everything is built in a hidden folder beside the target and renamed at the end, so an interrupted seal leaves nothing
that looks like a package.  It may leave an entry in the log: the log then says that a seal was begun, which is true.
The time does not grow with the media, which is linked and not read.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from gateway.evidence.bag import Bag, media_segments, record_files, sync_folder, sync_tree, write_synced
from gateway.evidence.dossier import Dossier, EvidenceError
from gateway.evidence.keys import SealKeys
from gateway.evidence.readme_text import readme_text, verify_page
from gateway.evidence.records_xml import SealFacts, four_properties, four_properties_text, metadata_xml
from gateway.evidence.translog import TransparencyLog
from venue_model import bag_text, cms, manifest
from venue_model.canonical import canonical_bytes, parse_canonical
from venue_model.ids import is_id
from venue_model.manifest import Gap
from venue_model.moments import utc_text
from venue_model.tools.package_seal import check_seal, ders_of

DRAFT = ".sealing-"


@dataclass(frozen=True, slots=True)
class TimeStampAuthority:
    """RFC 3161.  `stamp` takes the signature, asks the authority and returns its response; it may raise OSError."""

    stamp: Callable[[bytes], bytes]
    chain_pem: bytes  # the authority's certificates up to its root, for who checks


@dataclass(frozen=True, slots=True)
class Sealed:
    path: Path
    sequence: int  # 1 for the first seal of the project, 2 for the one that takes its place …
    log_index: int
    fingerprint: str  # SHA-256 of the venue's authority certificate: what a reader compares with what you published
    unexplained: tuple[Gap, ...]  # gaps that only this seal found: raise an alarm
    time_stamped: bool


def seal_project(
    dossier: Dossier,
    target: Path,
    keys: SealKeys,
    log: TransparencyLog,
    now_utc_ns: int,
    authority: TimeStampAuthority | None = None,
) -> Sealed:
    """Seal `dossier` into a new folder under `target`.  EvidenceError, and no package, when it cannot be done truly."""
    facts = settle(dossier, log.origin, authority is not None)
    target.mkdir(parents=True, exist_ok=True)
    with _alone(target):
        former = packages_of(target, dossier.project)
        sequence = len(former) + 1
        final = target / f"{dossier.project}_{_compact(now_utc_ns)}_seal{sequence}"
        draft = target / f"{DRAFT}{final.name}-{secrets.token_hex(4)}"
        draft.mkdir()
        try:
            bag = Bag(draft)
            _fill(bag, facts, now_utc_ns)
            for name, pem in keys.public_files().items():
                write_synced(draft / "seal" / ("" if name == "log.pub.pem" else "certs") / name, pem)
            info = [*_bag_info(bag, dossier, now_utc_ns), *_seal_info(draft, sequence, now_utc_ns, former)]
            tag_manifest, time_stamped = _sign(bag, info, keys, authority)
            index = log.append(tag_manifest, "seal", now_utc_ns)
            write_synced(draft / bag_text.LOG_PROOF, log.proof(index).text())
            findings = check_seal(draft)
            if findings:
                raise EvidenceError(f"{dossier.project}: the new seal does not verify, {findings[0]}; nothing was kept")
            sync_tree(draft)
            draft.rename(final)
            sync_folder(target)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    fingerprint = keys.authority.fingerprint(hashes.SHA256()).hex()
    return Sealed(final, sequence, index, fingerprint, tuple(facts.unexplained), time_stamped)


def settle(dossier: Dossier, log_origin: str, has_authority: bool) -> SealFacts:
    """Check the dossier and write down, as gaps, the spans that nobody accounts for.  Reads no media."""
    if not is_id(dossier.project):
        raise EvidenceError(f"project {dossier.project!r} cannot be a folder's name; use letters, digits, '.', '_', '-'")
    segments = media_segments(dossier)
    try:
        tracks = [manifest.read_track(parse_canonical(canonical_bytes(track))) for track in dossier.tracks]
        events = [parse_canonical(canonical_bytes(event)) for event in dossier.events]
        events.sort(key=lambda event: str(event.get("utc")) if isinstance(event, dict) else "")
        problems = manifest.check_events(events)
    except (ValueError, TypeError) as error:
        raise EvidenceError(f"{dossier.project}: a track or event cannot be written: {error}") from None
    unexplained = manifest.unexplained_gaps(tracks, segments, dossier.gaps)
    gaps = sorted([*dossier.gaps, *unexplained], key=lambda gap: (gap.track, gap.begin_utc_ns))
    problems += manifest.check_segments(dossier.project, segments, gaps)
    problems += manifest.check_coverage(tracks, segments, gaps)
    if problems:
        raise EvidenceError(f"{dossier.project}: {problems[0].detail}; correct the dossier and seal again")
    return SealFacts(dossier, segments, gaps, unexplained, log_origin, has_authority)


def packages_of(target: Path, project: str) -> list[Path]:
    """Sealed packages of `project` under `target`, first seal first."""
    found: list[tuple[int, Path]] = []
    for info_file in target.glob(f"{project}_*/{bag_text.BAG_INFO}"):
        try:
            fields = bag_text.parse_bag_info(info_file.read_bytes())
            if fields["External-Identifier"] == [project]:
                found.append((int(fields["Seal-Sequence"][0]), info_file.parent))
        except (ValueError, KeyError):
            continue  # not ours, or no longer readable: `verify` is the place to say so
    return [path for _, path in sorted(found)]


def _fill(bag: Bag, facts: SealFacts, now_utc_ns: int) -> None:
    """Put media and records into the bag's payload."""
    dossier = facts.dossier
    refs = {(ref.track, ref.seq): ref for ref in dossier.segments}
    for segment in facts.segments:
        bag.place_media(refs[segment.track, segment.seq], segment.path)
    report = four_properties(facts)
    files = record_files(dossier, facts.segments, facts.gaps, dossier.access)
    files |= {
        bag_text.METADATA: metadata_xml(facts, now_utc_ns),
        bag_text.PROPERTIES: canonical_bytes(report),
        bag_text.PROPERTIES_TEXT: four_properties_text(report).encode(),
        "data/README.txt": readme_text().encode(),
        "data/verify.html": verify_page(),
    }
    for path, content in files.items():
        bag.write_payload(path, content)


def _bag_info(bag: Bag, dossier: Dossier, now_utc_ns: int) -> list[tuple[str, str]]:
    person = [("Bag-Group-Identifier", dossier.person)] if dossier.person else []
    return [
        ("Source-Organization", dossier.organisation),
        ("External-Identifier", dossier.project),
        ("External-Description", dossier.title),
        ("Internal-Sender-Identifier", dossier.venue),
        *person,
        ("Bagging-Date", utc_text(now_utc_ns)[:10]),
        ("Payload-Oxum", bag.oxum),
        ("BagIt-Profile-Identifier", bag_text.PROFILE),
    ]


def _seal_info(draft: Path, sequence: int, now_utc_ns: int, former: list[Path]) -> list[tuple[str, str]]:
    info = [("Seal-Sequence", str(sequence)), ("Seal-Time", utc_text(now_utc_ns))]
    if former:
        digest = sha256((former[-1] / bag_text.TAGMANIFEST).read_bytes()).hexdigest()
        info.append(("Seal-Former", f"{former[-1].name} tagmanifest sha256:{digest}"))
    return info + [("Seal-Key", _key_line(draft, path)) for path in bag_text.SEAL_KEYS]


def _key_line(draft: Path, path: str) -> str:
    return f"{path} sha256:{sha256((draft / path).read_bytes()).hexdigest()}"


def _sign(bag: Bag, info: list[tuple[str, str]], keys: SealKeys, authority: TimeStampAuthority | None) -> tuple[bytes, bool]:
    """Write tag files, signatures and time stamp.  Returns the signed tag manifest, and whether it was time-stamped.

    bag-info says whether a stamp belongs to the package, so that a stripped one is missed.  An authority that gives no
    good answer must not stop the seal: the tag files are then written again, and say so.
    """
    if authority is None:
        return _sign_tags(bag, [*info, ("Seal-Time-Stamp", "none")], keys)[0], False
    write_synced(bag.folder / bag_text.TSA_CHAIN, authority.chain_pem)
    chain = ("Seal-Key", _key_line(bag.folder, bag_text.TSA_CHAIN))
    tag_manifest, signature = _sign_tags(bag, [*info, ("Seal-Time-Stamp", "required"), chain], keys)
    try:
        response = cms.granted_response(authority.stamp(signature))
        fault = cms.check_time_stamp(response, signature, ders_of(authority.chain_pem))
        if fault:
            raise ValueError(fault)
    except (OSError, ValueError) as error:
        (bag.folder / bag_text.TSA_CHAIN).unlink()
        return _sign_tags(bag, [*info, ("Seal-Time-Stamp", f"unavailable ({error})")], keys)[0], False
    write_synced(bag.folder / bag_text.TIME_STAMP, response)
    return tag_manifest, True


def _sign_tags(bag: Bag, info: list[tuple[str, str]], keys: SealKeys) -> tuple[bytes, bytes]:
    tag_manifest = bag.write_tags(info)
    signature = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(tag_manifest)
        .add_signer(keys.signer, keys.signer_key, hashes.SHA256())
        .add_certificate(keys.authority)
        .sign(
            Encoding.DER,
            [
                pkcs7.PKCS7Options.DetachedSignature,
                pkcs7.PKCS7Options.Binary,  # sign the bytes as they are, not as mail text
                pkcs7.PKCS7Options.NoCapabilities,
            ],
        )
    )
    write_synced(bag.folder / bag_text.CMS, signature)
    write_synced(bag.folder / bag_text.SM2, keys.sign_sm2(tag_manifest))
    return tag_manifest, signature


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One seal at a time in `target`, so that two never take the same number.  Clears what a killed seal left behind."""
    handle = os.open(target, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for stale in target.glob(f"{DRAFT}*"):
            shutil.rmtree(stale, ignore_errors=True)
        yield
    finally:
        os.close(handle)


def _compact(utc_ns: int) -> str:
    return utc_text(utc_ns)[:19].replace("-", "").replace(":", "") + "Z"

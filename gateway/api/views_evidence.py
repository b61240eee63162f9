"""Search, play and take: what supervisors do.  Every reading of evidence is recorded before the first byte leaves."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, StreamingResponse

from gateway.api import models as m
from gateway.api.errors import ApiError, not_found
from gateway.api.services import Services, services
from gateway.core.rights import Account, lot_within, within
from gateway.evidence.dossier import EvidenceError
from gateway.evidence.download import zip_stream
from gateway.shell.coordinator import clock
from gateway.shell.evidence_index import PackageRow
from gateway.shell.view import named
from venue_model.ids import DeviceId
from venue_model.venue import Name

router = APIRouter(prefix="/api/v1")


@router.get("/projects")
async def search(request: Request, q: str = "") -> list[m.ProjectRow]:
    """Projects whose id, code or name holds `q`."""
    s = services(request)
    account = s.accounts.need(request)
    found: dict[str, m.ProjectRow] = {}
    for state in s.coordinator.day.values():
        lot = state.lot
        if not within(account.limit, lot):
            continue
        if q.lower() not in f"{lot.project} {lot.project_code} {lot.project_name} {lot.id} {lot.lot_code}".lower():
            continue
        row = found.setdefault(
            lot.project,
            m.ProjectRow(project=lot.project, project_name=lot.project_name, project_code=lot.project_code, lots=[], phase={}),
        )
        row.lots.append(lot.id)
        row.phase[lot.id] = state.phase
    return [found[project] for project in sorted(found)]


@router.get("/projects/{project}")
async def get_project(request: Request, project: str) -> m.ProjectOut:
    """One project's day on one timeline."""
    s = services(request)
    account = s.accounts.need(request, "supervisor", "witness", "staff")
    lots = [state.lot for state in s.coordinator.day.values() if state.lot.project == project and within(account.limit, state.lot)]
    if not lots:
        raise not_found(f"没有项目 {project}", f"there is no project {project}")
    s.evidence.read(project, account.id, account.role, "timeline", clock())
    tracks = _tracks(s, account, project)
    lines = s.coordinator.store.journal("project = ? AND kind NOT IN ('segment', 'evidence-read')", (project,), 5000)
    events = [line for line in lines if account.viewer.sees_line(line, s.coordinator.day)]
    moments = [x for t in tracks for seg in t.segments for x in (seg.from_utc_ns, seg.to_utc_ns)] + [e["utc_ns"] for e in events]
    runs = [s.view.run(run) for lot in lots for run in s.coordinator.scenes.runs(lot.id)]
    return m.ProjectOut(
        project=project,
        project_name=lots[0].project_name,
        project_code=lots[0].project_code,
        from_utc_ns=min(moments, default=None),
        to_utc_ns=max(moments, default=None),
        lots=[out for lot in lots if (out := s.view.lot(lot.id)) is not None],
        tracks=tracks,
        runs=sorted(runs, key=lambda run: run.began_utc_ns),
        events=[m.EventOut.model_validate(line) for line in events],
        packages=[_package(s, row) for row in s.index.packages(project)],
    )


def _tracks(s: Services, account: Account, project: str) -> list[m.TrackOut]:
    tracks: dict[tuple[str, str], m.TrackOut] = {}
    venue = s.coordinator.venue
    for segment in s.index.segments(project):
        if not lot_within(account.limit, segment.lot, s.coordinator.day):
            continue
        device = venue.devices.get(DeviceId(segment.track))
        track = tracks.setdefault(
            (segment.lot, segment.track),
            m.TrackOut(
                lot=segment.lot, track=segment.track, room=segment.room,
                name=named(device.name if device else Name(segment.track, segment.track)), segments=[], gaps=[],
            ),
        )  # fmt: skip
        track.segments.append(
            m.SegmentOut(
                seq=segment.seq, from_utc_ns=segment.from_utc_ns, to_utc_ns=segment.to_utc_ns, bytes=segment.bytes,
                sha256=segment.sha256, url=f"/api/v1/media/{segment.sha256}.mp4",
            )
        )  # fmt: skip
    for gap in s.index.gaps(project):
        if (gap.lot, gap.track) in tracks:
            tracks[gap.lot, gap.track].gaps.append(m.GapOut(from_utc_ns=gap.from_utc_ns, to_utc_ns=gap.to_utc_ns, cause=gap.cause))
    return list(tracks.values())


def _package(s: Services, row: PackageRow) -> m.PackageOut:
    folder = s.evidence_root / row.path
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return m.PackageOut(
        seal=row.seal, sealed_utc_ns=row.sealed_utc_ns, bytes=size, url=f"/api/v1/projects/{row.project}/packages/{row.seal}.zip",
        tagmanifest_sha256=row.tagmanifest_sha256,
    )  # fmt: skip


@router.get("/media/{sha256}.mp4")
async def media(request: Request, sha256: str) -> FileResponse:
    """A sealed segment, by its hash: no path of a caller reaches the disk.  Byte ranges are served."""
    s = services(request)
    account = s.accounts.need(request, "supervisor", "witness", "staff")
    segment = s.index.segment(sha256)
    if segment is None:
        raise not_found("没有此录像", "there is no such recording")
    path = s.evidence_root / segment.path
    if not path.is_file():
        raise ApiError(410, "gone", "录像文件已不在存储中", f"the file of this recording is not in the store: {segment.path}")
    s.evidence.look(segment, account.id, account.role, clock())
    return FileResponse(path, media_type="video/mp4", headers={"Cache-Control": "private, max-age=3600"})


@router.get("/projects/{project}/packages/{seal}.zip")
async def download(request: Request, project: str, seal: int) -> StreamingResponse:
    """A package as one ZIP stream."""
    s = services(request)
    account = s.accounts.need(request, "supervisor")
    row = next((row for row in s.index.packages(project) if row.seal == seal), None)
    if row is None:
        raise not_found(f"项目 {project} 没有第 {seal} 次封装", f"project {project} has no package {seal}")
    if s.accounts.config.export_needs_two and not s.accounts.released(project, seal, account.id):
        raise ApiError(403, "not-released", "导出证据须另一人批准:请先申请", "another person must release this export; ask for it first")
    folder: Path = s.evidence_root / row.path
    s.evidence.read(project, account.id, account.role, f"package {seal}", clock())
    headers = {"Content-Disposition": f'attachment; filename="{folder.name}.zip"'}
    return StreamingResponse(zip_stream(folder), media_type="application/zip", headers=headers)


@router.post("/projects/{project}/seal")
async def seal(request: Request, project: str) -> m.PackageOut:
    """Seal a project now, again if need be."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    try:
        row = await s.evidence.seal(project, account.id)
    except EvidenceError as error:
        raise ApiError(409, "not-sealed", f"无法封装:{error}", str(error)) from None
    return _package(s, row)

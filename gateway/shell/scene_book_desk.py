"""The scene book as the gateway keeps it: every version of every page, and what a draft would change.  The law is `core.scene_book`."""

from collections.abc import Callable
from dataclasses import asdict

from pydantic import TypeAdapter

from gateway.core.day import Refusal
from gateway.core.scene_book import Difference, Draft, Page, changes_for, check_draft, differences
from gateway.shell.journal_desk import JournalDesk
from gateway.shell.scene_desk import SceneDesk
from gateway.shell.store import Store
from venue_model.moments import Now
from venue_model.scenes import SCENES, SceneId
from venue_model.venue import Name, Venue

_PAGE = TypeAdapter(Page)


class SceneBookDesk:
    """One venue's scene book.  The scene desk reads its newest pages at each press."""

    def __init__(self, venue: Venue, store: Store, scenes: SceneDesk, journal: JournalDesk, changed: Callable[[], None]) -> None:
        self.venue = venue
        self.store = store
        self.scenes = scenes
        self.journal = journal
        self.changed = changed  # told when a page has a new version
        rows = store.sql.execute("SELECT page_json FROM scene_page ORDER BY scene, version")
        pages = [_PAGE.validate_json(row[0]) for row in rows]
        self.scenes.book = {page.scene: page for page in pages}

    def page(self, scene: SceneId) -> Page:
        """The newest version; the table as it ships when nothing was ever written."""
        return self.scenes.book.get(scene, Page(scene))

    def versions(self, scene: SceneId) -> list[Page]:
        """All versions, newest first."""
        rows = self.store.sql.execute("SELECT page_json FROM scene_page WHERE scene = ? ORDER BY version DESC", (scene,))
        return [_PAGE.validate_json(row[0]) for row in rows]

    def preview(self, scene: str, draft: Draft) -> tuple[Difference, ...] | Refusal:
        """What a draft would change today, device by device.  Nothing is written."""
        changes = check_draft(scene, draft)
        if isinstance(changes, Refusal):
            return changes
        pressed = SCENES[SceneId(scene)]
        return differences(self.venue, self.scenes.day, pressed, changes_for(self.scenes.book, pressed), changes)

    def save(self, scene: str, draft: Draft, by: str, note: str, now: Now) -> Page | Refusal:
        """Write a new version.  It is in force from the next press on."""
        changes = check_draft(scene, draft)
        if isinstance(changes, Refusal):
            return changes
        if not note.strip():
            return Refusal("reason", Name("请写明原因", "say why"))
        before = self.page(SceneId(scene))
        page = Page(before.scene, before.version + 1, changes, draft.prepare_before_s, by, now.utc_ns, note)
        body = {
            "scene": scene, "version": page.version, "by": by, "note": note, "prepare_before_s": page.prepare_before_s,
            "changes": [asdict(change) for change in changes],
        }  # fmt: skip
        with self.store.transaction():
            self.store.sql.execute(
                "INSERT INTO scene_page VALUES (?, ?, ?, ?, ?)", (scene, page.version, _PAGE.dump_json(page).decode(), by, now.utc_ns)
            )
            self.journal.note("scene-book", body, now)
        self.scenes.book = {**self.scenes.book, page.scene: page}
        self.changed()
        return page

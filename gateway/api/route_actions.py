"""Which route is which action (gateway/core/rights.py).  A route that has no row here is refused to everybody.

tests/gateway/test_authorisation_matrix.py holds the rows, and what they let each role do, to a reviewed table.
"""

from collections.abc import Mapping

from gateway.core.rights import Action as A

API = "/api/v1"
LIVE = A.LOOK_HOUSE  # the live feed

_ROUTES: Mapping[str, A] = {
    # signing in
    "GET /sign-in-ways": A.PUBLIC,
    "POST /session": A.PUBLIC,
    "DELETE /session": A.PUBLIC,
    "GET /oidc/begin": A.PUBLIC,
    "GET /oidc/callback": A.PUBLIC,
    "GET /session": A.SELF,
    "POST /session/second-factor": A.SELF,
    # one's own account
    "POST /me/password": A.SELF,
    "POST /me/second-factor": A.SELF,
    "POST /me/second-factor/confirm": A.SELF,
    "POST /me/second-factor/remove": A.SELF,
    "GET /me/sessions": A.SELF,
    "DELETE /me/sessions/{session}": A.SELF,
    "GET /me/tokens": A.SELF,
    "POST /me/tokens": A.SELF,
    "DELETE /me/tokens/{token}": A.SELF,
    # accounts of others
    "GET /accounts": A.LOOK_ACCOUNTS,
    "POST /accounts": A.KEEP_ACCOUNTS,
    "POST /accounts/{account}/disable": A.KEEP_ACCOUNTS,
    "POST /accounts/{account}/enable": A.KEEP_ACCOUNTS,
    "POST /accounts/{account}/reset": A.KEEP_ACCOUNTS,
    "POST /accounts/{account}/rights": A.GIVE_RIGHTS,
    "GET /accounts/{account}/sessions": A.LOOK_ACCOUNTS,
    "DELETE /accounts/{account}/sessions": A.KEEP_ACCOUNTS,
    "GET /requests": A.SELF,
    "POST /requests/{asked}/confirm": A.SELF,
    "DELETE /requests/{asked}": A.SELF,
    "GET /audit": A.LOOK_AUDIT,
    "GET /audit/check": A.LOOK_AUDIT,
    # the lists of supervisors
    "GET /watch-list": A.LOOK_WATCH_LIST,
    "POST /watch-list": A.KEEP_WATCH_LIST,
    "DELETE /watch-list/{entry}": A.KEEP_WATCH_LIST,
    # the house
    "GET /venue": A.LOOK_HOUSE,
    "GET /state": A.LOOK_HOUSE,
    "GET /events": A.LOOK_LISTS,
    "GET /components/{component}/approvals": A.LOOK_HOUSE,
    "POST /components/{component}/approvals": A.APPROVE,
    "GET /lockdown": A.LOOK_HOUSE,
    "POST /lockdown": A.LOCK_DOWN,
    "DELETE /lockdown": A.LIFT_LOCKDOWN,
    "GET /exceptions": A.LOOK_EXCEPTIONS,
    "POST /exceptions": A.GIVE_EXCEPTION,
    "DELETE /exceptions/{exception}": A.WITHDRAW_EXCEPTION,
    "POST /alarms/{alarm}/acknowledge": A.ACKNOWLEDGE,
    "POST /doors/{door}/pulse": A.PULSE,
    "GET /device-commands": A.LOOK_HOUSE,
    "POST /devices/{device}/command": A.COMMAND_DEVICE,
    "DELETE /devices/{device}/command": A.COMMAND_DEVICE,
    "POST /emergency": A.CALL_OUT,
    "DELETE /emergency": A.ALL_CLEAR,
    # the scene book
    "GET /scene-book": A.LOOK_HOUSE,
    "GET /scene-book/{scene}/versions": A.LOOK_HOUSE,
    "POST /scene-book/{scene}/preview": A.KEEP_SCENE_BOOK,
    "POST /scene-book/{scene}": A.KEEP_SCENE_BOOK,
    # lots
    "GET /lots/{lot}": A.LOOK_LOT,
    "GET /lots/{lot}/preview": A.LOOK_LOT,
    "POST /lots/{lot}/scenes": A.PRESS,
    "GET /runs/{run}": A.LOOK_LOT,
    "POST /runs/{run}/go-on": A.PRESS,
    "POST /runs/{run}/retry": A.PRESS,
    "POST /lots/{lot}/people/{person}/authorise": A.AUTHORISE,
    # presence
    "GET /muster": A.LOOK_MUSTER,
    "POST /muster/{person}": A.TICK_OFF,
    "POST /lots/{lot}/checkout/{person}": A.CHECK_OUT,
    "GET /lots/{lot}/leaving": A.LOOK_LEAVING,
    "GET /people/{person}/trajectory": A.LOOK_WAY,
    # calendar
    "GET /calendar": A.LOOK_CALENDAR,
    "GET /calendar/plan.html": A.LOOK_CALENDAR,
    "GET /calendar/free": A.LOOK_CALENDAR,
    "POST /bookings/check": A.BOOK,
    "POST /bookings": A.BOOK,
    "POST /bookings/{booking}/confirm": A.BOOK,
    "POST /bookings/{booking}/move": A.BOOK,
    "DELETE /bookings/{booking}": A.BOOK,
    "POST /outages": A.CLOSE_ROOM,
    "DELETE /outages/{outage}": A.CLOSE_ROOM,
    "POST /schedule/{lot}/keep": A.KEEP_SCHEDULE,
    "DELETE /schedule/{lot}/keep": A.KEEP_SCHEDULE,
    "GET /rehearsal": A.LOOK_REHEARSAL,
    "POST /rehearsal": A.REHEARSE,
    "DELETE /rehearsal": A.REHEARSE,
    # facts for others
    "GET /export/events": A.EXPORT_FACTS,
    "GET /webhooks": A.LOOK_WEBHOOKS,
    "POST /webhooks": A.KEEP_WEBHOOKS,
    "DELETE /webhooks/{webhook}": A.KEEP_WEBHOOKS,
    "POST /webhooks/{webhook}/on": A.MEND_WEBHOOKS,
    "GET /webhooks/{webhook}/dead": A.LOOK_WEBHOOKS,
    "POST /webhooks/{webhook}/dead/{fact}/resend": A.MEND_WEBHOOKS,
    "GET /lots/{lot}/seats": A.LOOK_FACTS,
    "GET /lots/{lot}/conduct": A.LOOK_FACTS,
    "POST /lots/{lot}/company": A.EXPORT_COMPANY,
    "POST /lots/{lot}/company/{challenge}": A.EXPORT_COMPANY,
    "GET /reports/day/{date}": A.LOOK_DAY_REPORT,
    "GET /reports/day/{date}/page": A.LOOK_DAY_REPORT,
    "GET /reports/lot/{lot}.html": A.LOOK_REPORTS,
    "GET /reports/lot/{lot}": A.LOOK_REPORTS,
    "GET /health": A.PUBLIC,  # this and /metrics ask for themselves: a monitor on this machine needs no account
    # the trading platform
    "GET /platform": A.LOOK_PLATFORM,
    "GET /platform/letters": A.LOOK_PLATFORM,
    "POST /platform/resend": A.MEND_PLATFORM,
    "POST /platform/events": A.PUBLIC,  # asks for itself: the platform signs its calls
    # certificates
    "GET /certificates": A.LOOK_CERTIFICATES,
    "POST /agents/{board}/revoke": A.KEEP_CERTIFICATES,
    "POST /agents/{board}/admit": A.KEEP_CERTIFICATES,
    # devices and rollouts
    "GET /twins": A.LOOK_TWINS,
    "GET /twins/{twin}": A.LOOK_TWINS,
    "DELETE /twins/{twin}/quarantine": A.RELEASE_DEVICE,
    "GET /programs": A.LOOK_ROLLOUTS,
    "POST /programs": A.ROLL_OUT,
    "GET /bundles/{digest}": A.PUBLIC,  # asked by boards, who know its SHA-256 by a signed order
    "GET /rollouts": A.LOOK_ROLLOUTS,
    "GET /rollouts/{rollout}": A.LOOK_ROLLOUTS,
    "POST /rollouts": A.ROLL_OUT,
    "POST /rollouts/{rollout}/approvals": A.APPROVE_ROLLOUT,
    "POST /rollouts/{rollout}/give-up": A.APPROVE_ROLLOUT,
    # evidence
    "GET /projects": A.LOOK_LISTS,
    "GET /projects/{project}": A.LOOK_EVIDENCE,
    "GET /media/{sha256}.mp4": A.LOOK_EVIDENCE,
    "GET /projects/{project}/packages/{seal}.zip": A.TAKE_PACKAGE,
    "POST /projects/{project}/packages/{seal}/release": A.ASK_EXPORT,
    "POST /projects/{project}/seal": A.SEAL_PROJECT,
}

ROUTES: Mapping[str, A] = {f"{row.split()[0]} {API}{row.split()[1]}": action for row, action in _ROUTES.items()} | {
    "GET /": A.PUBLIC, "GET /metrics": A.PUBLIC, "GET /ca": A.PUBLIC, "GET /ca.crt": A.PUBLIC,
}  # fmt: skip

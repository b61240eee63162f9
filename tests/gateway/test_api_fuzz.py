"""Whatever is asked of the API, in whatever shape and by whomever: it answers as its document says, never with a fault of its own (F17)."""

import os
import warnings
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance
from test_api import PASSWORDS, SHA, Case, case, keys  # noqa: F401  fixtures

EXAMPLES = int(os.environ.get("BIDHALL_FUZZ", "12"))  # of each operation and role; more by hand
KNOWN = {"lot": "L1", "project": "P-L1", "sha256": SHA, "person": "exp-1", "seal": 1, "door": "o1-in"}  # else all would be 404


@pytest.mark.parametrize("role", [*PASSWORDS, "nobody"])
@pytest.mark.timeout(600)
def test_every_answer_is_one_that_the_document_names(case: Case, role: str) -> None:  # noqa: F811
    client = case[role]
    statuses: Counter[int] = Counter()
    faults = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the test client, about its own packages
        schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", client.app)
        cookies = dict(client.cookies)
        for found in schema.get_all_operations():
            operation = found.ok()
            if (operation.path, operation.method) == ("/api/v1/session", "delete"):
                continue  # signs out: nothing after it would be asked by this role

            @settings(
                max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(asked=operation.as_strategy(), known=st.booleans())
            def ask(asked: schemathesis.Case, known: bool) -> None:
                if known:
                    asked.path_parameters |= {name: KNOWN[name] for name in asked.path_parameters if name in KNOWN}
                answer = asked.call(cookies=cookies, base_url="https://venue")
                statuses[answer.status_code] += 1
                asked.validate_response(answer, checks=(not_a_server_error, response_schema_conformance))

            try:
                ask()
            except Exception as error:
                faults.append(f"{operation.method.upper()} {operation.path}: {error}")
    assert not faults, "\n\n".join(faults)
    assert statuses[401 if role == "nobody" else 200] > 10, statuses  # the questions do get past the door

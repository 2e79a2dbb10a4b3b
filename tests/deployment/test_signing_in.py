"""`sign_in` and `prefix_claim` as deployed: tokens of the stack's own pool, past the API's own authorizer."""

import contextlib
import json
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from aws.stack_outputs import read_outputs
from local.cloud.assembly import TEMPLATE_NAME, Assembly, local_context, synthesize
from local.cloud.deployment import deploy
from local.cloud.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from tests.conftest import RunningCloud
from tests.deployment.conftest import gone_afterwards, site_of
from tests.end_to_end.conftest import Site

STACK = "with-people"
STYLE = "AWS::Cognito::ManagedLoginBranding"
SETTINGS = {
    "stack": STACK,
    "api_access": "jwt",
    "sign_in": True,
    "prefix_claim": "cognito:groups",
    "detectors": "labels",
    "pictures": False,
    "corrections": False,
    "retained": False,
}
PASSWORD = "a long one, Of 1 person"
PHOTOS = {"family/dog.jpg": "dog.jpg", "family-secrets/cat.jpg": "cat.jpg", "work/owl.jpg": "owl.jpg"}


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks the deployed API with a token, or with none."""

    api_url: str
    token: str | None

    def get(self, path: str, **parameters: object) -> tuple[int, Any]:
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        asked = urllib.request.Request(self.api_url + path + query)
        if self.token is not None:
            asked.add_header("authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(asked) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def keys(self, **parameters: object) -> set[str]:
        status, answer = self.get("/images", **parameters)
        assert status == 200, answer
        return {image["key"] for image in answer["images"]}


@dataclass(frozen=True)
class People:
    """The pool that the stack has made, and its one client."""

    site: Site
    pool: str

    def visitor(self, name: str, *groups: str) -> Visitor:
        """Add a person and sign in."""
        outputs = self.site.running.outputs
        cognito = boto3.client(
            "cognito-idp",
            endpoint_url=outputs.endpoint_url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
        )
        email = f"{name}@example.com"
        cognito.admin_create_user(
            UserPoolId=self.pool,
            Username=email,
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
            ],
            MessageAction="SUPPRESS",
        )
        cognito.admin_set_user_password(
            UserPoolId=self.pool, Username=email, Password=PASSWORD, Permanent=True
        )
        for group in groups:
            with contextlib.suppress(cognito.exceptions.GroupExistsException):
                cognito.create_group(UserPoolId=self.pool, GroupName=group)
            cognito.admin_add_user_to_group(UserPoolId=self.pool, Username=email, GroupName=group)
        (client,) = cognito.list_user_pool_clients(UserPoolId=self.pool)["UserPoolClients"]
        # The page comes to its tokens by Cognito's own pages (tests/page/test_sign_in.py); they are the same.
        cognito.update_user_pool_client(
            UserPoolId=self.pool,
            ClientId=client["ClientId"],
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        )
        given = cognito.admin_initiate_auth(
            UserPoolId=self.pool,
            ClientId=client["ClientId"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
        )
        return Visitor(outputs.api_url, given["AuthenticationResult"]["AccessToken"])


def without_its_style(assembly: Assembly, folder: Path) -> Assembly:
    """Leave out how Cognito's pages look, a kind of resource that MiniStack does not know."""
    there = shutil.copytree(assembly.directory, folder)
    template = json.loads(assembly.template)
    styles = [name for name, each in template["Resources"].items() if each["Type"] == STYLE]
    assert len(styles) == 1
    del template["Resources"][styles[0]]
    (there / TEMPLATE_NAME).write_text(json.dumps(template))
    return Assembly(there, assembly.digest)


@pytest.fixture(scope="module")
def people(running: RunningCloud, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    assembly, _ = synthesize(local_context(SETTINGS))
    folder = tmp_path_factory.mktemp("signing-in") / "assembly"
    with gone_afterwards(running, STACK):
        deploy(running.clients, without_its_style(assembly, folder))
        outputs = read_outputs(running.clients.cloudformation, STACK)
        assert outputs is not None
        with site_of(running, STACK) as site:
            for key, photo in PHOTOS.items():
                site.put(key, (photos / photo).read_bytes())
            site.completions(PHOTOS.keys())
            yield People(site, outputs["UserPoolId"])


def test_without_a_token_nothing_is_told_but_the_page(people: People) -> None:
    api_url = people.site.running.outputs.api_url

    assert Visitor(api_url, None).get("/images")[0] == 401
    assert Visitor(api_url, "made.up.token").get("/images")[0] == 401
    with urllib.request.urlopen(f"{api_url}/") as page:
        assert page.status == 200
        assert b"family/" not in page.read()


def test_who_is_in_a_group_sees_what_is_below_its_prefix_and_nothing_else(people: People) -> None:
    ada = people.visitor("ada", "family/")

    assert ada.keys() == {"family/dog.jpg"}
    assert ada.keys(prefix="work/") == set()
    assert ada.get("/images", key="family/dog.jpg")[0] == 200
    for hidden in ("work/owl.jpg", "family-secrets/cat.jpg"):
        assert ada.get("/images", key=hidden)[0] == 404
    assert {label["name"] for label in ada.get("/labels", prefix="dog")[1]["labels"]} == {"Dog"}
    assert ada.get("/labels", prefix="cat")[1]["labels"] == []
    assert ada.get("/access") == (200, {"prefixes": ["family/"]})
    status, refused = ada.get("/stats")
    assert (status, refused["type"]) == (403, "urn:imagepipe:problem:not-by-prefix")


def test_two_groups_are_two_prefixes_and_a_star_is_everything(people: People) -> None:
    assert people.visitor("bob", "family/", "work/").keys() == {"family/dog.jpg", "work/owl.jpg"}
    assert people.visitor("eve", "*").keys() == PHOTOS.keys()


def test_who_is_in_no_group_is_told_so(people: People) -> None:
    status, refused = people.visitor("mallory").get("/images")

    assert (status, refused["type"]) == (403, "urn:imagepipe:problem:nothing-visible")

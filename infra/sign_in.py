"""People, and where they sign in: a Cognito user pool with its hosted pages, by the setting `sign_in`."""

from collections.abc import Sequence

from aws_cdk import Aws, Duration, Fn, RemovalPolicy
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.accepted import accept

TOKEN_HOURS = 1
# How long a tab renews its tokens by itself.
SIGNED_IN_HOURS = 24
PASSWORD_CHARACTERS = 12


class SignIn(Construct):
    """A pool of people whom an administrator adds, and its one client: the page, at some addresses."""

    def __init__(self, scope: Construct, construct_id: str, *, pages: Sequence[str], retained: bool) -> None:
        super().__init__(scope, construct_id)
        self._pool = self._make_pool(retained=retained)
        domain = self._pool.add_domain(
            "Domain",
            # A name that nobody in the region has: the last part of the stack's own id.
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=f"photos-{_stack_part()}"),
            managed_login_version=cognito.ManagedLoginVersion.NEWER_MANAGED_LOGIN,
        )
        self._client = self._make_client(list(pages))
        # Without a style, even AWS's own, the pages say "Login pages unavailable".
        # https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-branding.html
        cognito.CfnManagedLoginBranding(
            self,
            "Style",
            user_pool_id=self._pool.user_pool_id,
            client_id=self._client.user_pool_client_id,
            use_cognito_provided_values=True,
        )
        self.url = domain.base_url()

    def add_operators(self, group: str) -> None:
        """Have a group that makes operators of those who are put into it; a token says which one is in."""
        cognito.CfnUserPoolGroup(self, "Operators", user_pool_id=self.pool_id, group_name=group)

    @property
    def client_id(self) -> str:
        return self._client.user_pool_client_id

    @property
    def pool_id(self) -> str:
        return self._pool.user_pool_id

    @property
    def issuer(self) -> str:
        """Return who says in a token that it is of this pool."""
        return f"https://cognito-idp.{Aws.REGION}.{Aws.URL_SUFFIX}/{self._pool.user_pool_id}"

    def _make_pool(self, *, retained: bool) -> cognito.UserPool:
        pool = cognito.UserPool(
            self,
            "People",
            # Who is not added cannot come in: strangers sign up nowhere.
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            password_policy=cognito.PasswordPolicy(min_length=PASSWORD_CHARACTERS),
            removal_policy=RemovalPolicy.RETAIN if retained else RemovalPolicy.DESTROY,
            deletion_protection=retained,
        )
        accept(
            pool,
            "COG1",
            "a password is long, which counts for more than what it is made of (NIST SP 800-63B)",
        )
        accept(pool, "COG2", "each person may choose a second factor; an administrator may ask for one")
        accept(pool, "COG8", "the Plus plan costs $0.02 a person a month; nothing here depends on it")
        return pool

    def _make_client(self, pages: list[str]) -> cognito.UserPoolClient:
        """Make the client that the page is. It has no secret, which a page could not keep.

        People may write nothing of themselves but their e-mail address: an attribute that somebody takes for
        a right must not be theirs to change.
        https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
        """
        own = cognito.ClientAttributes().with_standard_attributes(email=True)
        return self._pool.add_client(
            "Page",
            generate_secret=False,
            # Each renewal takes a refresh token out of use and gives another one.
            refresh_token_rotation_grace_period=Duration.seconds(30),
            auth_flows=cognito.AuthFlow(user_srp=True),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID],
                callback_urls=pages,
                logout_urls=pages,
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.hours(TOKEN_HOURS),
            id_token_validity=Duration.hours(TOKEN_HOURS),
            refresh_token_validity=Duration.hours(SIGNED_IN_HOURS),
            read_attributes=own,
            write_attributes=own,
        )


def _stack_part() -> str:
    """Return twelve letters and digits that are this stack's: the end of its id, a UUID."""
    return Fn.select(4, Fn.split("-", Fn.select(2, Fn.split("/", Aws.STACK_ID))))

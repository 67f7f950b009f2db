"""What the values of options can be, for completion: the parameters ``shell_complete`` of click.

The names come from files on this machine: no network call, and no import of botocore.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    import click

    from sso_plugin.commands.known_names import KnownNames

__all__ = [
    "COMMAND",
    "VARIABLE",
    "accounts",
    "destinations",
    "logins",
    "profiles",
    "region_rules",
    "regions",
    "roles",
    "sso_sessions",
    "start_urls",
    "words_of_command",
]

VARIABLE = "_SSO_PLUGIN_COMPLETE"
"""The environment variable that makes click complete words. Its value names the shell."""

COMMAND = "command"
"""The type of an item that stands for the words of another command. Its value is their number."""

_SERVICES = {
    "apigateway": "API Gateway",
    "athena": "Athena",
    "backup": "AWS Backup",
    "bedrock": "Amazon Bedrock",
    "billing": "Billing and Cost Management",
    "cloudformation": "CloudFormation",
    "cloudfront": "CloudFront",
    "cloudtrail": "CloudTrail",
    "cloudwatch": "CloudWatch",
    "codebuild": "CodeBuild",
    "codepipeline": "CodePipeline",
    "cognito": "Cognito",
    "costmanagement": "Cost Explorer",
    "dynamodbv2": "DynamoDB",
    "ec2": "EC2",
    "ecr": "Elastic Container Registry",
    "ecs": "Elastic Container Service",
    "efs": "Elastic File System",
    "eks": "Elastic Kubernetes Service",
    "elasticache": "ElastiCache",
    "events": "EventBridge",
    "glue": "Glue",
    "guardduty": "GuardDuty",
    "iam": "IAM",
    "kinesis": "Kinesis",
    "kms": "Key Management Service",
    "lambda": "Lambda",
    "msk": "Managed Streaming for Apache Kafka",
    "organizations": "AWS Organizations",
    "rds": "RDS and Aurora",
    "redshiftv2": "Redshift",
    "route53": "Route 53",
    "s3": "S3",
    "sagemaker": "SageMaker AI",
    "secretsmanager": "Secrets Manager",
    "securityhub": "Security Hub",
    "servicequotas": "Service Quotas",
    "ses": "Simple Email Service",
    "singlesignon": "IAM Identity Center",
    "sns": "Simple Notification Service",
    "sqs": "Simple Queue Service",
    "states": "Step Functions",
    "support": "Support Center",
    "systems-manager": "Systems Manager",
    "vpc": "VPC",
    "wafv2": "WAF",
}
"""The names of services in the addresses of the console."""


def profiles(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the profiles of the config files, each with its role and account."""
    return _items(_names().described_profiles(), incomplete)


def logins(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the profiles and the sso-sessions that name a login."""
    return _items(_names().logins(), incomplete)


def sso_sessions(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the sso-sessions of the config file, each with its start URL."""
    return _items(_names().described_sessions(), incomplete)


def start_urls(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the start URLs of the config file, each with its region."""
    return _items(_names().start_urls(), incomplete)


def accounts(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names and ids of the accounts that the config or our cache has."""
    return _items(_names().accounts(ctx.params.get("sso_session")), incomplete)


def roles(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the roles of the profiles; after ``--account``, those in these accounts."""
    account = ctx.params.get("account")
    given = [account] if account else ctx.params.get("accounts") or ()
    return _items(_names().roles(given, ctx.params.get("sso_session")), incomplete)


def destinations(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the services of the console."""
    return _items(_SERVICES, incomplete)


def regions(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the regions that botocore knows."""
    from sso_plugin.commands.region_names import known_regions

    return _items(known_regions(), incomplete)


def region_rules(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the regions, also after ``ACCOUNT=``."""
    account, mark, region = incomplete.rpartition("=")
    found = regions(ctx, param, region)
    return [CompletionItem(f"{account}{mark}{each.value}", help=each.help) for each in found]


def words_of_command(
    ctx: click.Context, param: click.Parameter, _incomplete: str
) -> list[CompletionItem]:
    """Return the item that makes the shell complete the words of a command, as in ``exec``."""
    words = ctx.params.get(param.name or "") or ()
    return [CompletionItem(str(len(words)), type=COMMAND)]


def _names() -> KnownNames:
    from sso_plugin.commands.known_names import KnownNames

    return KnownNames.load()


def _items(described: dict[str, str], incomplete: str) -> list[CompletionItem]:
    """Return the names that begin with a text, in any case."""
    begin = incomplete.casefold()
    return [
        CompletionItem(name, help=text or None)
        for name, text in described.items()
        if name.casefold().startswith(begin)
    ]

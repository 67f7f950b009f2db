"""SSO credentials for every boto3 script, renewed before they run out."""

__version__ = "0.1.0"

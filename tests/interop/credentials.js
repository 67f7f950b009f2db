// Prints the credentials of a profile from the JavaScript SDK's SSO provider, as one line of JSON.
import { fromSSO } from "@aws-sdk/credential-provider-sso";

const provide = fromSSO({ profile: process.argv[2] });
console.log(JSON.stringify(await provide()));

// Prints what the JavaScript SDK's own SSO provider makes of a profile, as one line of JSON.
import { fromSSO } from "@aws-sdk/credential-provider-sso";

const provide = fromSSO({ profile: process.argv[2] });
console.log(JSON.stringify(await provide()));

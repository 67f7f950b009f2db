// Prints the credentials from the JavaScript SDK's default chain, as one line of JSON.
import { defaultProvider } from "@aws-sdk/credential-provider-node";

const provide = defaultProvider();
console.log(JSON.stringify(await provide()));

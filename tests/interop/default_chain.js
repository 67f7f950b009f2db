// Prints what the JavaScript SDK's default chain finds around it, as one line of JSON.
import { defaultProvider } from "@aws-sdk/credential-provider-node";

const provide = defaultProvider();
console.log(JSON.stringify(await provide()));

// Prints the credentials and the region of a client of the JavaScript SDK, as one line of JSON.
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import {
  loadConfig,
  NODE_REGION_CONFIG_FILE_OPTIONS,
  NODE_REGION_CONFIG_OPTIONS,
} from "@smithy/core/config";

const region = await loadConfig(NODE_REGION_CONFIG_OPTIONS, NODE_REGION_CONFIG_FILE_OPTIONS)();
const credentials = await defaultProvider()();
console.log(JSON.stringify({ credentials, region }));

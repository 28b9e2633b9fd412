// Microsoft's Graph client for JavaScript, unmodified, told by its own documentation.
// Reads one JSON object from the standard input (where the lab is, and with which application),
// does the story, and prints what it saw as one JSON object.
import graphClient from "@microsoft/microsoft-graph-client";

const { Client, GraphError, PageIterator } = graphClient;
const lab = JSON.parse(await new Response(process.stdin).text());

/** The smallest provider there can be: one client-credentials request. */
const authProvider = {
  async getAccessToken() {
    const answer = await fetch(`${lab.login}/${lab.tenant}/oauth2/v2.0/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: lab.client_id,
        client_secret: lab.client_secret,
        scope: "https://graph.microsoft.com/.default",
      }),
    });
    return (await answer.json()).access_token;
  },
};
const client = Client.initWithMiddleware({
  authProvider,
  baseUrl: lab.graph,
  customHosts: new Set(["localhost"]),
});

/** What a call is refused with, as the library tells it. */
async function refusal(call) {
  try {
    await call();
  } catch (fault) {
    return {
      typed: fault instanceof GraphError,
      status: fault.statusCode,
      code: fault.code,
      message: fault.message,
      request: fault.requestId,
    };
  }
  return null;
}

const seen = {};
const first = await client
  .api("/users")
  .header("ConsistencyLevel", "eventual")
  .count(true)
  .select(["id", "userPrincipalName"])
  .top(5)
  .get();
seen.first = first.value.length;
seen.count = first["@odata.count"];
seen.people = [];
await new PageIterator(client, first, (user) => seen.people.push(user.userPrincipalName)).iterate();

const policies = "/identity/conditionalAccess/policies";
const made = await client.api(policies).post({
  displayName: "Block legacy authentication",
  state: "enabledForReportingButNotEnforced",
  conditions: {
    clientAppTypes: ["exchangeActiveSync", "other"],
    applications: { includeApplications: ["All"] },
    users: { includeUsers: ["All"] },
  },
  grantControls: { operator: "OR", builtInControls: ["block"] },
});
seen.made = made;
seen.conflict = await refusal(() => client.api(`${policies}/${made.id}`).patch({ state: "enabled" }));

const defaults = "/policies/identitySecurityDefaultsEnforcementPolicy";
seen.before = (await client.api(defaults).get()).isEnabled;
seen.patched = (await client.api(defaults).patch({ isEnabled: false })) ?? null;
seen.after = (await client.api(defaults).get()).isEnabled;
await client.api(`${policies}/${made.id}`).patch({ state: "enabled" });
seen.states = (await client.api(policies).get()).value.map((policy) => policy.state);
await client.api(`${policies}/${made.id}`).delete();

seen.unknown = await refusal(() => client.api("/users/nobody@contoso.example").get());
seen.forbidden = await refusal(() => client.api("/tenantRelationships/findTenantInformationByDomainName(domainName='contoso.example')").get());
console.log(JSON.stringify(seen));

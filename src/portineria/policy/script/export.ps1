#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement, Microsoft.Graph.Authentication
# Saves the state of a tenant as JSON, for `portineria look --from-export FOLDER`. It only reads: whoever
# runs it needs Global Reader (or View-Only Organization Management and Security Reader), and nobody is
# granted anything.
#
#   ./export.ps1 -Output ./export
#
# What cannot be read is noted in missing.csv, and counts as not seen afterwards: never as off.
[CmdletBinding()]
param(
    [string]$Output = (Join-Path $PSScriptRoot 'export'),
    # Groups that the policy names, by id: their members are saved too.
    [string[]]$Group = @()
)
$ErrorActionPreference = 'Stop'
$Graph = '/v1.0'

function Save-Json {
    param([string]$Name, $Value)
    $text = ConvertTo-Json -InputObject $Value -Depth 30 -Compress
    Set-Content -LiteralPath (Join-Path $Output "$Name.json") -Value $text -Encoding utf8
    Write-Host ('{0,-40} {1}' -f $Name, 'saved')
}

function Add-Missing {
    param([string]$Name, [string]$Why)
    $line = [pscustomobject]@{ Name = $Name; Why = $Why }
    Export-Csv -InputObject $line -LiteralPath (Join-Path $Output 'missing.csv') -Append -NoTypeInformation -Encoding utf8
    Write-Warning ('{0}: {1}' -f $Name, $Why)
}

# Only what is used: whole objects of ten thousand mailboxes would be gigabytes. Values of other kinds than
# text, truth and lists of them become text.
function Select-Plain {
    param($Rows, $Fields)
    $found = @(foreach ($row in $Rows) {
        $plain = @{}
        foreach ($field in $Fields) {
            $value = $row.$field
            if ($null -eq $value -or $value -is [bool]) { $plain[$field] = $value }
            elseif ($value -is [System.Collections.IList]) {
                $texts = @()
                foreach ($item in $value) { $texts += [string]$item }
                $plain[$field] = $texts
            }
            else { $plain[$field] = [string]$value }
        }
        $plain
    })
    return , $found
}

# Conditional Access is served one request a second; whoever asks too much is asked to wait.
function Get-Page {
    param([string]$Uri)
    $pause = 2
    while ($true) {
        try {
            return (Invoke-MgGraphRequest -Method GET -Uri $Uri -OutputType HashTable -ErrorAction Stop)
        }
        catch {
            if ($pause -gt 60 -or $_.Exception.Message -notmatch '\((429|503|504)\)|TooManyRequests|too many requests|throttl|timed out') { throw }
            Start-Sleep -Seconds $pause
            $pause = $pause * 2
        }
    }
}

function Get-Row {
    param([string]$Uri)
    while ($Uri) {
        $page = Get-Page $Uri
        if (-not $page.ContainsKey('value')) { return $page }
        foreach ($row in $page['value']) { $row }
        $Uri = $page['@odata.nextLink']
    }
}

function Save-Graph {
    param([string]$Name, [string]$Uri)
    try {
        Save-Json $Name @(Get-Row "$Graph$Uri")
    }
    catch {
        Add-Missing $Name $_.Exception.Message
    }
}

if (Test-Path -LiteralPath $Output) { throw "$Output is there already: move it away, or name another folder with -Output" }
$null = New-Item -ItemType Directory -Path $Output
if (-not (Get-ConnectionInformation)) { Connect-ExchangeOnline -ShowBanner:$false }
if (-not (Get-MgContext)) { Connect-MgGraph -Scopes @('Policy.Read.All', 'User.Read.All', 'GroupMember.Read.All', 'Domain.Read.All', 'Organization.Read.All', 'RoleManagement.Read.Directory', 'Application.Read.All') -NoWelcome }
Save-Json 'about' @{ tenant = [string](Get-MgContext).TenantId; taken = (Get-Date -AsUTC -Format 'o') }

try {
    Save-Json 'Get-Mailbox' (Select-Plain (Get-Mailbox -ResultSize Unlimited -ErrorAction Stop) @('Guid', 'ExternalDirectoryObjectId', 'PrimarySmtpAddress', 'UserPrincipalName', 'DisplayName', 'EmailAddresses', 'RecipientTypeDetails', 'IsInactiveMailbox', 'MailboxPlan'))
}
catch { Add-Missing 'Get-Mailbox' $_.Exception.Message }
try {
    Save-Json 'Get-CASMailbox' (Select-Plain (Get-CASMailbox -ResultSize Unlimited -ErrorAction Stop) @('Guid', 'ExternalDirectoryObjectId', 'PrimarySmtpAddress', 'ImapEnabled', 'PopEnabled', 'SmtpClientAuthenticationDisabled'))
}
catch { Add-Missing 'Get-CASMailbox' $_.Exception.Message }
try {
    Save-Json 'Get-User' (Select-Plain (Get-User -ResultSize Unlimited -ErrorAction Stop) @('Guid', 'ExternalDirectoryObjectId', 'AuthenticationPolicy'))
}
catch { Add-Missing 'Get-User' $_.Exception.Message }
try {
    Save-Json 'Get-AuthenticationPolicy' (Select-Plain (Get-AuthenticationPolicy -ErrorAction Stop) @('Name', 'Guid', 'Identity', 'DistinguishedName', 'AllowBasicAuthActiveSync', 'AllowBasicAuthAutodiscover', 'AllowBasicAuthImap', 'AllowBasicAuthMapi', 'AllowBasicAuthOfflineAddressBook', 'AllowBasicAuthOutlookService', 'AllowBasicAuthPop', 'AllowBasicAuthPowershell', 'AllowBasicAuthReportingWebServices', 'AllowBasicAuthRpc', 'AllowBasicAuthSmtp', 'AllowBasicAuthWebServices'))
}
catch { Add-Missing 'Get-AuthenticationPolicy' $_.Exception.Message }
try {
    Save-Json 'Get-TransportConfig' (Select-Plain (Get-TransportConfig -ErrorAction Stop) @('SmtpClientAuthenticationDisabled', 'AllowLegacyTLSClients'))
}
catch { Add-Missing 'Get-TransportConfig' $_.Exception.Message }
try {
    Save-Json 'Get-OrganizationConfig' (Select-Plain (Get-OrganizationConfig -ErrorAction Stop) @('DefaultAuthenticationPolicy', 'RejectDirectSend', 'OAuth2ClientProfileEnabled'))
}
catch { Add-Missing 'Get-OrganizationConfig' $_.Exception.Message }
try {
    Save-Json 'Get-CASMailboxPlan' (Select-Plain (Get-CASMailboxPlan -ErrorAction Stop) @('Name', 'Guid', 'Identity', 'ImapEnabled', 'PopEnabled'))
}
catch { Add-Missing 'Get-CASMailboxPlan' $_.Exception.Message }

Save-Graph 'domains' '/domains'
Save-Graph 'subscribedSkus' '/subscribedSkus'
Save-Graph 'securityDefaults' '/policies/identitySecurityDefaultsEnforcementPolicy'
Save-Graph 'conditionalAccess' '/identity/conditionalAccess/policies'
Save-Graph 'namedLocations' '/identity/conditionalAccess/namedLocations'
Save-Graph 'authorizationPolicy' '/policies/authorizationPolicy'
Save-Graph 'roleAssignments' '/roleManagement/directory/roleAssignments?$expand=principal'
Save-Graph 'users' '/users?$select=id,userPrincipalName,displayName,accountEnabled,userType,assignedPlans,onPremisesSyncEnabled,department&$top=999'
Save-Graph 'groups' '/groups?$select=id,displayName,mail,groupTypes,mailEnabled,securityEnabled&$top=999'

# Groups that Conditional Access or a role names, and those of -Group.
$named = @($Group)
$policies = Join-Path $Output 'conditionalAccess.json'
if (Test-Path -LiteralPath $policies) {
    foreach ($policy in (ConvertFrom-Json -InputObject (Get-Content -LiteralPath $policies -Raw) -AsHashtable)) {
        $users = $policy['conditions']['users']
        if ($null -ne $users) {
            foreach ($id in $users['includeGroups']) { $named += $id }
            foreach ($id in $users['excludeGroups']) { $named += $id }
        }
    }
}
$roles = Join-Path $Output 'roleAssignments.json'
if (Test-Path -LiteralPath $roles) {
    foreach ($row in (ConvertFrom-Json -InputObject (Get-Content -LiteralPath $roles -Raw) -AsHashtable)) {
        if ([string]$row['principal']['@odata.type'] -like '*.group') { $named += $row['principalId'] }
    }
}
foreach ($id in ($named | Sort-Object -Unique)) {
    Save-Graph "members-$id" "/groups/$id/transitiveMembers?`$select=id,displayName,mail&`$top=999"
}
Write-Host "Done: portineria look --from-export $Output"

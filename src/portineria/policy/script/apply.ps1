$ErrorActionPreference = 'Stop'
$Plan = @{}
$Done = @{}     # changes that stand, by number
$Begun = @{}    # changes that this script began to write
$Ids = @{}      # ids that objects were given when they were made
$Policies = @{} # names of authentication policies, by whatever else stands for one
$Missing = "couldn't be found|could not be found|ManagementObjectNotFoundException|ResourceNotFound|NotFound|does not exist"
$Transient = '\((429|503|504)\)|TooManyRequests|too many requests|throttl|temporarily|timed out|server is busy|busy|concurren|try again|canceled|sending the request|connection was'

# --- the plan as data ---

function Add-Change {
    param([int]$Id, [string]$Family, [string]$Verb, [string]$Key, [string]$Name, [string]$Before, [string]$After)
    $Plan[$Id] = @{
        Id     = $Id
        Family = $Family
        Verb   = $Verb
        Key    = $Key
        Name   = $Name
        Before = (ConvertFrom-Json -InputObject $Before -AsHashtable)
        After  = (ConvertFrom-Json -InputObject $After -AsHashtable)
    }
}

function Add-Row {
    param($Rows)
    foreach ($row in $Rows) {
        Add-Change ([int]$row.Id) $row.Family $row.Verb $row.Key $row.Name $row.Before $row.After
    }
}

# --- the log: what was done, so that a second call goes on where the first one ended ---

function Write-Log {
    param([string]$Id, [string]$Name, [string]$Result, [string]$Key, [string]$Message)
    $line = [pscustomobject]@{
        Time    = (Get-Date -Format 'o')
        Plan    = $Digest
        Id      = $Id
        Name    = $Name
        Result  = $Result
        Key     = $Key
        Message = $Message
    }
    Export-Csv -InputObject $line -LiteralPath $Log -Append -NoTypeInformation -Encoding utf8 -WhatIf:$false -Confirm:$false
}

function Read-Log {
    if (-not (Test-Path -LiteralPath $Log)) { return }
    foreach ($line in (Import-Csv -LiteralPath $Log)) {
        if ($line.Plan -ne $Digest) { throw "$Log is the log of another plan: name another one with -Log" }
        Set-Result $line.Id $line.Result $line.Key
    }
}

function Set-Result {
    param([string]$Id, [string]$Result, [string]$Key)
    if ($Key) { $Ids[$Id] = $Key }
    if ($Result -eq 'begun') { $Begun[$Id] = $true }
    if ($Result -eq 'written' -or $Result -eq 'already' -or $Result -eq 'confirmed') { $Done[$Id] = $true }
    if ($Result -eq 'unseen' -or $Result -eq 'undone') { $Done.Remove($Id) }
    if ($Result -eq 'undone') { $Begun.Remove($Id) }
}

function Add-Result {
    param($Change, [string]$Result, [string]$Key, [string]$Message)
    Write-Log ([string]$Change.Id) $Change.Name $Result $Key $Message
    Set-Result ([string]$Change.Id) $Result $Key
    Write-Host ('{0,6}  {1,-9} {2} {3}' -f $Change.Id, $Result, $Change.Name, $Message)
}

# --- values: absent, null and empty are the same, lists are sets ---

function Get-Canonical {
    param($Value)
    if ($null -eq $Value) { return 'null' }
    if ($Value -is [bool]) { return ([string]$Value).ToLowerInvariant() }
    if ($Value -is [System.Collections.IDictionary]) {
        $parts = @()
        foreach ($name in ($Value.Keys | Sort-Object -CaseSensitive)) {
            $said = Get-Canonical $Value[$name]
            if ($said -ne 'null' -and $name -notlike '*@odata.context') { $parts += "$name=$said" }
        }
        if ($parts.Count -eq 0) { return 'null' }
        return '{' + ($parts -join ';') + '}'
    }
    if ($Value -is [System.Collections.IList]) {
        $parts = @()
        foreach ($item in $Value) { $parts += (Get-Canonical $item) }
        if ($parts.Count -eq 0) { return 'null' }
        return '[' + (($parts | Sort-Object -CaseSensitive) -join ';') + ']'
    }
    return "'" + [string]$Value + "'"
}

function Resolve-Id {
    param([string]$Text)
    if ($Text -notmatch '^change:([0-9]+)\.id$') { return $Text }
    $number = $Matches[1]
    if (-not $Ids.ContainsKey($number)) { throw "the object that change $number makes is not known yet" }
    return $Ids[$number]
}

function Resolve-Key {
    param([string]$Key)
    $parts = @()
    foreach ($part in ($Key -split '/')) { $parts += (Resolve-Id $part) }
    return ($parts -join '/')
}

function Resolve-Value {
    param($Value)
    if ($Value -is [string]) { return (Resolve-Id $Value) }
    if ($Value -is [System.Collections.IDictionary]) {
        $found = @{}
        foreach ($name in $Value.Keys) { $found[$name] = Resolve-Value $Value[$name] }
        return $found
    }
    if ($Value -is [System.Collections.IList]) {
        $list = @()
        foreach ($item in $Value) { $list += (Resolve-Value $item) }
        return , $list
    }
    return $Value
}

# --- reading one object: $null where there is none; an Identity that is not there can answer with
#     every object of the tenant, so only what bears the key counts ---

function Select-One {
    param($Rows, [string]$Property, [string]$Key)
    foreach ($row in $Rows) {
        if ([string]$row.$Property -eq $Key) { return $row }
    }
    return $null
}

function Select-Fields {
    param($Row, $Fields, [string]$Key)
    if ($null -eq $Row) { return $null }
    $found = @{}
    foreach ($field in $Fields) {
        $value = $Row.$field
        if ($field -eq 'AuthenticationPolicy' -or $field -eq 'DefaultAuthenticationPolicy') { $value = Get-PolicyName $value }
        if ($field -eq 'RejectDirectSend' -and $null -eq $value) { $value = $false }
        $found[$field] = $value
    }
    return @{ Key = $Key; Fields = $found }
}

function Get-PolicyName {
    param($Identifier)
    $text = [string]$Identifier
    if (-not $text) { return $null }
    if (-not $Policies.ContainsKey($text)) {
        foreach ($policy in (Get-AuthenticationPolicy -ErrorAction Stop)) {
            foreach ($name in @([string]$policy.Name, [string]$policy.Guid, [string]$policy.DistinguishedName, [string]$policy.Identity)) {
                if ($name) { $Policies[$name] = [string]$policy.Name }
            }
        }
    }
    if ($Policies.ContainsKey($text)) { return $Policies[$text] }
    return $text
}

function Get-GraphList {
    param([string]$Uri)
    $found = @()
    while ($Uri) {
        Start-Sleep -Seconds 1
        $page = Invoke-MgGraphRequest -Method GET -Uri $Uri -OutputType HashTable -ErrorAction Stop
        foreach ($row in $page['value']) { $found += $row }
        $Uri = $page['@odata.nextLink']
    }
    return , $found
}

function Get-GraphObject {
    param([string]$Collection, [string]$Key, [string]$Name)
    if ($Key) {
        Start-Sleep -Seconds 1    # Conditional Access is served one request a second
        $body = Invoke-MgGraphRequest -Method GET -Uri "$Graph$Collection/$Key" -OutputType HashTable -ErrorAction Stop
        return @{ Key = $Key; Fields = $body }
    }
    $same = @()
    foreach ($body in (Get-GraphList "$Graph$Collection")) {
        if ($body['displayName'] -ceq $Name) { $same += $body }
    }
    if ($same.Count -gt 1) { throw "several objects are called $Name" }
    if ($same.Count -eq 0) { return $null }
    return @{ Key = $same[0]['id']; Fields = $same[0] }
}

function Test-Held {
    param($Rows, [string]$Property, [string]$Principal, [string]$Right)
    $names = @($Principal)
    foreach ($app in (Get-ServicePrincipal -Identity $Principal -ErrorAction Stop)) {
        if ([string]$app.ObjectId -eq $Principal) { $names += @([string]$app.Identity, [string]$app.Sid) }
    }
    foreach ($row in $Rows) {
        if ($names -contains [string]$row.$Property -and ($row.AccessRights -join ',') -match $Right -and -not $row.Deny) { return $true }
    }
    return $false
}

function Read-Object {
    param($Change, [string]$Key, $Fields)
    $pause = 2
    while ($true) {
        try {
            return (Get-Object $Change $Key $Fields)
        }
        catch {
            if ($_.Exception.Message -match $Missing) { return $null }
            if ($pause -gt 60 -or $_.Exception.Message -notmatch $Transient) { throw }
            Start-Sleep -Seconds $pause
            $pause = $pause * 2
        }
    }
}

function Get-Object {
    param($Change, [string]$Key, $Fields)
    $left, $right = $Key -split '/', 2
    switch ($Change.Family) {
        'mailbox' {
            $row = Select-One (Get-CASMailbox -Identity $Key -ErrorAction Stop) 'Guid' $Key
            return (Select-Fields $row $Fields $Key)
        }
        'user' {
            $row = Select-One (Get-User -Identity $Key -ErrorAction Stop) 'ExternalDirectoryObjectId' $Key
            return (Select-Fields $row $Fields $Key)
        }
        'transport' { return (Select-Fields (Get-TransportConfig -ErrorAction Stop) $Fields '') }
        'organization' { return (Select-Fields (Get-OrganizationConfig -ErrorAction Stop) $Fields '') }
        'mailbox-plan' {
            $row = Select-One (Get-CASMailboxPlan -Identity $Key -ErrorAction Stop) 'Guid' $Key
            return (Select-Fields $row $Fields $Key)
        }
        'authentication-policy' {
            $row = Select-One (Get-AuthenticationPolicy -Identity $Change.Name -ErrorAction Stop) 'Name' $Change.Name
            return (Select-Fields $row $Fields $Change.Name)
        }
        'security-defaults' {
            $body = Invoke-MgGraphRequest -Method GET -Uri "$Graph$Defaults" -OutputType HashTable -ErrorAction Stop
            return @{ Key = ''; Fields = $body }
        }
        'conditional-access' { return (Get-GraphObject '/identity/conditionalAccess/policies' $Key $Change.Name) }
        'named-location' { return (Get-GraphObject '/identity/conditionalAccess/namedLocations' $Key $Change.Name) }
        'mailbox-permission' {
            $rows = Get-MailboxPermission -Identity $left -ErrorAction Stop
            if (Test-Held $rows 'User' $right 'FullAccess') { return @{ Key = $Key; Fields = @{ AccessRights = @('FullAccess') } } }
            return $null
        }
        'recipient-permission' {
            $rows = Get-RecipientPermission -Identity $left -ErrorAction Stop
            if (Test-Held $rows 'Trustee' $right 'SendAs') { return @{ Key = $Key; Fields = @{ AccessRights = @('SendAs') } } }
            return $null
        }
        'exchange-service-principal' {
            $row = Select-One (Get-ServicePrincipal -Identity $Key -ErrorAction Stop) 'ObjectId' $Key
            return (Select-Fields $row $Fields $Key)
        }
        'distribution-group' {
            $known = 'DisplayName'
            $value = $Change.Name
            if ($Key) {
                $known = 'Guid'
                $value = $Key
            }
            $row = Select-One (Get-DistributionGroup -Identity $value -ErrorAction Stop) $known $value
            return (Select-Fields $row $Fields ([string]$row.Guid))
        }
        'distribution-group-member' {
            $row = Select-One (Get-DistributionGroupMember -Identity $left -ResultSize Unlimited -ErrorAction Stop) 'Guid' $right
            if ($null -eq $row) { return $null }
            return @{ Key = $Key; Fields = @{ member = $true } }
        }
        'management-role-assignment' {
            $row = Select-One (Get-ManagementRoleAssignment -RoleAssignee $left -ErrorAction Stop) 'Name' $right
            if ($null -eq $row) { return $null }
            $found = Select-Fields $row @('Role', 'RecipientWriteScope') $Key
            $bounds = [string]$row.RecipientGroupScope
            if (-not $bounds) { $bounds = [string]$row.CustomResourceScope }
            $found.Fields['RecipientGroupScope'] = [string](Get-DistributionGroup -Identity $bounds -ErrorAction Stop).Guid
            return $found
        }
    }
    throw "this script does not know how to read $($Change.Family)"
}

# --- writing one object: exactly one call; the id of what was made ---

function Write-Object {
    param($Change, [string]$Verb, [string]$Key, $After)
    $left, $right = $Key -split '/', 2
    switch ("$($Change.Family) $Verb") {
        'mailbox update' { $null = Set-CASMailbox -Identity $Key @After -ErrorAction Stop }
        'user update' { $null = Set-User -Identity $Key @After -Confirm:$false -ErrorAction Stop }
        'transport update' { $null = Set-TransportConfig @After -Confirm:$false -ErrorAction Stop }
        'organization update' { $null = Set-OrganizationConfig @After -Confirm:$false -ErrorAction Stop }
        'mailbox-plan update' { $null = Set-CASMailboxPlan -Identity $Key @After -ErrorAction Stop }
        'authentication-policy create' {
            $allowed = @{}
            foreach ($name in $After.Keys) {
                if ($After[$name]) { $allowed[$name] = $true }
            }
            $null = New-AuthenticationPolicy -Name $Change.Name @allowed -ErrorAction Stop
            return $Change.Name
        }
        'authentication-policy update' { $null = Set-AuthenticationPolicy -Identity $Change.Name @After -ErrorAction Stop }
        'authentication-policy delete' { $null = Remove-AuthenticationPolicy -Identity $Change.Name -Confirm:$false -ErrorAction Stop }
        'security-defaults update' { $null = Send-Graph 'PATCH' $Defaults $After }
        'conditional-access create' { return (Send-Graph 'POST' '/identity/conditionalAccess/policies' $After) }
        'conditional-access update' { $null = Send-Graph 'PATCH' "/identity/conditionalAccess/policies/$Key" $After }
        'conditional-access delete' { $null = Send-Graph 'DELETE' "/identity/conditionalAccess/policies/$Key" $null }
        'named-location create' { return (Send-Graph 'POST' '/identity/conditionalAccess/namedLocations' $After) }
        'named-location update' {
            if (-not $After.ContainsKey('@odata.type')) { $After['@odata.type'] = '#microsoft.graph.ipNamedLocation' }
            $null = Send-Graph 'PATCH' "/identity/conditionalAccess/namedLocations/$Key" $After
        }
        'named-location delete' { $null = Send-Graph 'DELETE' "/identity/conditionalAccess/namedLocations/$Key" $null }
        'mailbox-permission create' { $null = Add-MailboxPermission -Identity $left -User $right -AccessRights 'FullAccess' -AutoMapping $false -ErrorAction Stop }
        'mailbox-permission delete' { $null = Remove-MailboxPermission -Identity $left -User $right -AccessRights 'FullAccess' -Confirm:$false -ErrorAction Stop }
        'recipient-permission create' { $null = Add-RecipientPermission -Identity $left -Trustee $right -AccessRights 'SendAs' -Confirm:$false -ErrorAction Stop }
        'recipient-permission delete' { $null = Remove-RecipientPermission -Identity $left -Trustee $right -AccessRights 'SendAs' -Confirm:$false -ErrorAction Stop }
        'sign-in-sessions create' { $null = Send-Graph 'POST' "/users/$Key/revokeSignInSessions" $null }
        'exchange-service-principal create' { $null = New-ServicePrincipal -AppId $After['AppId'] -ObjectId $Key -DisplayName $After['DisplayName'] -ErrorAction Stop }
        'exchange-service-principal delete' { $null = Remove-ServicePrincipal -Identity $Key -Confirm:$false -ErrorAction Stop }
        'distribution-group create' {
            $name = $After['DisplayName']
            $alias = ($name.ToLowerInvariant() -replace '[^a-z0-9]+', '-').Trim('-')
            $made = New-DistributionGroup -Name $name -DisplayName $name -Alias $alias -Type 'Security' -MemberJoinRestriction 'Closed' -MemberDepartRestriction 'Closed' -RequireSenderAuthenticationEnabled $true -ErrorAction Stop
            return [string]$made.Guid
        }
        'distribution-group delete' { $null = Remove-DistributionGroup -Identity $Key -BypassSecurityGroupManagerCheck -Confirm:$false -ErrorAction Stop }
        'distribution-group-member create' { $null = Add-DistributionGroupMember -Identity $left -Member $right -BypassSecurityGroupManagerCheck -ErrorAction Stop }
        'distribution-group-member delete' { $null = Remove-DistributionGroupMember -Identity $left -Member $right -BypassSecurityGroupManagerCheck -Confirm:$false -ErrorAction Stop }
        'management-role-assignment create' { $null = New-ManagementRoleAssignment -Name $right -Role $After['Role'] -App $left -RecipientGroupScope $After['RecipientGroupScope'] -ErrorAction Stop }
        'management-role-assignment delete' { $null = Remove-ManagementRoleAssignment -Identity $right -Confirm:$false -ErrorAction Stop }
        default { throw "this script does not know how to $Verb $($Change.Family)" }
    }
    return $Key
}

function Send-Graph {
    param([string]$Method, [string]$Path, $Body)
    if ($Path -match 'conditionalAccess') { Start-Sleep -Seconds 1 }
    if ($null -eq $Body) {
        $answer = Invoke-MgGraphRequest -Method $Method -Uri "$Graph$Path" -OutputType HashTable -ErrorAction Stop
    }
    else {
        $text = ConvertTo-Json -InputObject $Body -Depth 20 -Compress
        $answer = Invoke-MgGraphRequest -Method $Method -Uri "$Graph$Path" -Body $text -ContentType 'application/json' -OutputType HashTable -ErrorAction Stop
    }
    if ($Method -eq 'POST' -and $null -ne $answer) { return [string]$answer['id'] }
}

# --- one change ---

function Get-Standing {
    param($Change, [string]$Key, $Before, $After)
    # after: it is as wanted. before: it is as the plan saw it. elsewhere: neither.
    if ($Change.Family -eq 'sign-in-sessions') { return @{ Is = 'before'; Key = $Key; Seen = 'cannot be read back' } }
    $fields = @()
    if ($null -ne $After) { $fields = @($After.Keys) }
    elseif ($null -ne $Before) { $fields = @($Before.Keys) }
    $now = Read-Object $Change $Key $fields
    if (Test-Same $now $After) {
        if ($null -ne $now) { $Key = $now.Key }
        return @{ Is = 'after'; Key = $Key; Seen = '' }
    }
    if (Test-Same $now $Before) { return @{ Is = 'before'; Key = $Key; Seen = '' } }
    $seen = 'it is not there'
    if ($null -ne $now) {
        $told = @()
        foreach ($field in $fields) { $told += ('{0} is {1}' -f $field, (Get-Canonical $now.Fields[$field])) }
        $seen = $told -join ', '
    }
    return @{ Is = 'elsewhere'; Key = $Key; Seen = $seen }
}

function Test-Same {
    param($Now, $Wanted)
    if ($null -eq $Wanted) { return ($null -eq $Now) }
    if ($null -eq $Now) { return $false }
    foreach ($field in $Wanted.Keys) {
        if ((Get-Canonical $Now.Fields[$field]) -cne (Get-Canonical $Wanted[$field])) { return $false }
    }
    return $true
}

function Invoke-Write {
    param($Change, [string]$Verb, [string]$Key, $Before, $After)
    $pause = 2
    $tries = 1
    while ($true) {
        try {
            return (Write-Object $Change $Verb $Key $After)
        }
        catch {
            $why = $_.Exception.Message
            $early = $Verb -eq 'create' -and $why -match $Missing    # what it builds on is not known everywhere yet
            if ($tries -ge 6 -or -not ($early -or $why -match $Transient)) { throw }
            Write-Warning ('{0}: {1}; once more in {2} s' -f $Change.Name, $why, $pause)
            Start-Sleep -Seconds $pause
            $pause = $pause * 2
            $tries = $tries + 1
            # An answer can be lost after the work was done: look before doing it again.
            $standing = Get-Standing $Change $Key $Before $After
            if ($standing.Is -eq 'after') { return $standing.Key }
        }
    }
}

function Invoke-Change {
    param($Change)
    $id = [string]$Change.Id
    if ($Done.ContainsKey($id)) { return }
    $what = '{0} {1} {2}' -f $Change.Verb, $Change.Family, $Change.Name
    if ($WhatIfPreference) {
        Write-Host ('What if: {0}. {1}' -f $id, $what)
        return
    }
    $key = Resolve-Key $Change.Key
    $after = Resolve-Value $Change.After
    $before = Resolve-Value $Change.Before
    $standing = Get-Standing $Change $key $before $after
    if ($standing.Is -eq 'after') {
        $result = 'already'
        if ($Begun.ContainsKey($id)) { $result = 'written' }
        Add-Result $Change $result $standing.Key ''
        return
    }
    if ($standing.Is -eq 'elsewhere') { throw "it is no longer as the plan saw it: $($standing.Seen)" }
    Add-Result $Change 'begun' '' ''
    $made = Invoke-Write $Change $Change.Verb $key $before $after
    Add-Result $Change 'written' ([string]$made) ''
}

function Undo-Change {
    param($Change)
    # Only what this script wrote, and only where it is still as it was left.
    $id = [string]$Change.Id
    if (-not $Begun.ContainsKey($id)) { return }
    $verb = @{ create = 'delete'; delete = 'create'; update = 'update' }[$Change.Verb]
    if ($WhatIfPreference) {
        Write-Host ('What if: {0}. {1} {2} {3}' -f $id, $verb, $Change.Family, $Change.Name)
        return
    }
    $key = Resolve-Key $Change.Key
    if ($Ids.ContainsKey($id) -and $Ids[$id]) { $key = $Ids[$id] }
    if ($verb -eq 'create' -and $Change.Family -in @('conditional-access', 'named-location')) { $key = '' }
    $wanted = Resolve-Value $Change.Before
    $standing = Get-Standing $Change $key (Resolve-Value $Change.After) $wanted
    if ($standing.Is -eq 'elsewhere') { throw "somebody changed it since: $($standing.Seen)" }
    if ($standing.Is -eq 'before') { $null = Invoke-Write $Change $verb $standing.Key (Resolve-Value $Change.After) $wanted }
    Add-Result $Change 'undone' '' ''
}

# --- steps: each is seen to stand before the next one begins ---

function Confirm-Step {
    param([int]$First, [int]$Last)
    $left = @($First..$Last)
    $waited = 0
    while ($true) {
        $still = @()
        foreach ($number in $left) {
            $change = $Plan[$number]
            if ($change.Family -ne 'sign-in-sessions') {
                $key = Resolve-Key $change.Key
                if ($Ids.ContainsKey([string]$number)) { $key = $Ids[[string]$number] }
                $standing = Get-Standing $change $key (Resolve-Value $change.Before) (Resolve-Value $change.After)
                if ($standing.Is -ne 'after') { $still += $number }
            }
        }
        if ($still.Count -eq 0) { return }
        if ($waited -ge $ConfirmSeconds) {
            foreach ($number in $still) { Add-Result $Plan[$number] 'unseen' '' 'accepted, and still as it was: the next call writes it again' }
            throw ('{0} changes were accepted and are not seen, the first is {1}; nothing that follows was done: run this script again' -f $still.Count, $still[0])
        }
        $left = $still
        Start-Sleep -Seconds 5
        $waited = $waited + 5
    }
}

function Invoke-Step {
    param([string]$Phase, [int]$First, [int]$Last)
    $step = "step $First"
    if ($Done.ContainsKey($step)) { return }
    Write-Host ('--- {0}: changes {1} to {2}' -f $Phase, $First, $Last)
    $failed = 0
    foreach ($number in $First..$Last) {
        $change = $Plan[$number]
        try {
            Invoke-Change $change
        }
        catch {
            $failed = $failed + 1
            Add-Result $change 'failed' '' $_.Exception.Message
        }
        if ($number % $BatchSize -eq 0) {
            Write-Progress -Activity $Phase -Status "$number of $Last"
            Start-Sleep -Seconds $PauseSeconds
        }
    }
    if ($failed -gt 0) { throw "$failed changes failed and nothing that follows was done: look at $Log, then run this script again" }
    if ($WhatIfPreference) { return }
    Confirm-Step $First $Last
    Write-Log $step $Phase 'confirmed' '' ''
}

function Invoke-Window {
    param([int]$First, [int]$Last)
    # Security defaults go off and their replacements stand, with nothing in between. All is looked at
    # first; inside only the forced calls are sent. Where one is refused, the way back is taken.
    $step = "step $First"
    if ($Done.ContainsKey($step)) { return }
    Write-Host ('--- the window: changes {0} to {1}' -f $First, $Last)
    if ($WhatIfPreference) {
        foreach ($number in $First..$Last) { Invoke-Change $Plan[$number] }
        return
    }
    foreach ($number in $First..$Last) {
        $change = $Plan[$number]
        if (-not $Done.ContainsKey([string]$number)) {
            $standing = Get-Standing $change (Resolve-Key $change.Key) (Resolve-Value $change.Before) (Resolve-Value $change.After)
            if ($standing.Is -eq 'elsewhere') { throw ('change {0}, {1}: it is no longer as the plan saw it: {2}' -f $number, $change.Name, $standing.Seen) }
            if ($standing.Is -eq 'after') { Add-Result $change 'already' $standing.Key '' }
        }
    }
    try {
        foreach ($number in $First..$Last) {
            $change = $Plan[$number]
            if (-not $Done.ContainsKey([string]$number)) {
                Add-Result $change 'begun' '' ''
                $made = Invoke-Write $change $change.Verb (Resolve-Key $change.Key) (Resolve-Value $change.Before) (Resolve-Value $change.After)
                Add-Result $change 'written' ([string]$made) ''
            }
        }
        Confirm-Step $First $Last
    }
    catch {
        $why = $_.Exception.Message
        Write-Warning "the window turns back: $why"
        if (-not (Undo-Some $First $Last 'security-defaults')) {
            $null = Undo-Some $First $Last 'conditional-access'
            if (-not (Undo-Some $First $Last 'security-defaults')) {
                throw "THE WINDOW IS OPEN: security defaults may be off and their replacements not in force ($why). Run this script again now: it goes on here before anything else."
            }
        }
        throw "the window was shut by going back, protection is as it was: $why"
    }
    Write-Log $step 'window' 'confirmed' '' ''
}

function Undo-Some {
    param([int]$First, [int]$Last, [string]$Family)
    $good = $true
    foreach ($number in $Last..$First) {
        $change = $Plan[$number]
        if ($change.Family -eq $Family) {
            try {
                Undo-Change $change
            }
            catch {
                $good = $false
                Add-Result $change 'failed' '' $_.Exception.Message
            }
        }
    }
    return $good
}

function Undo-Plan {
    param([int]$Last)
    $failed = 0
    foreach ($number in $Last..1) {
        $change = $Plan[$number]
        if ($Irreversible -contains $number) {
            if ($Begun.ContainsKey([string]$number)) { Write-Warning ('{0}, {1}: cannot be undone' -f $number, $change.Name) }
        }
        else {
            try {
                Undo-Change $change
            }
            catch {
                $failed = $failed + 1
                Add-Result $change 'failed' '' $_.Exception.Message
            }
        }
    }
    if ($failed -gt 0) { throw "$failed changes could not be undone: look at $Log" }
}

function Connect-Tenant {
    if ($NeedsExchange) {
        if (-not (Get-ConnectionInformation)) { Connect-ExchangeOnline -ShowBanner:$false }
        foreach ($line in (Get-ConnectionInformation)) {
            if ([string]$line.TenantID -ne $Tenant) { throw "Exchange Online is connected to tenant $($line.TenantID), this plan is of $Tenant" }
        }
    }
    if ($Scopes.Count -gt 0) {
        if (-not (Get-MgContext)) { Connect-MgGraph -TenantId $Tenant -Scopes $Scopes -NoWelcome }
        if ([string](Get-MgContext).TenantId -ne $Tenant) { throw "Graph is connected to another tenant than $Tenant" }
    }
}

function Assert-Fresh {
    if (-not $Force -and -not $Undo -and (Get-Date) -gt ([datetime]$Looked).AddHours($HoursOld)) {
        throw "the look at the tenant is older than $HoursOld hours: make the plan again, or say -Force"
    }
    if ($RowsDigest -and (Get-FileHash -LiteralPath $Rows -Algorithm SHA256).Hash -ne $RowsDigest) {
        throw "$Rows was edited, or is not the one that was made with this script"
    }
}

function Assert-BreakGlass {
    # Guard: whoever is left out of a policy for everybody must still be able to repair it.
    if ($Undo) { return }
    foreach ($id in $BreakGlass) {
        try {
            $asked = '{0}/users/{1}?$select=id,userPrincipalName,accountEnabled' -f $Graph, $id
            $account = Invoke-MgGraphRequest -Method GET -Uri $asked -OutputType HashTable -ErrorAction Stop
        }
        catch {
            throw "could not tell whether break-glass account $id is there: $($_.Exception.Message)"
        }
        if ($account['accountEnabled'] -ne $true) { throw "break-glass account $($account['userPrincipalName']) is not enabled: enable it, or make the plan again" }
    }
}

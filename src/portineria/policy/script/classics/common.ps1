$ErrorActionPreference = 'Stop'
$Transient = '\((429|503|504)\)|TooManyRequests|too many requests|throttl|temporarily|timed out|server is busy|concurren'

function Write-Log {
    param([string]$Name, [string]$Result, [string]$Message)
    $line = [pscustomobject]@{ Time = (Get-Date -Format 'o'); Mailbox = $Name; Result = $Result; Message = $Message }
    Export-Csv -InputObject $line -LiteralPath $Log -Append -NoTypeInformation -Encoding utf8 -WhatIf:$false -Confirm:$false
    Write-Host ('{0,-9} {1} {2}' -f $Result, $Name, $Message)
}

function Set-Retried {
    param([string]$Guid, $Switches)
    $pause = 2
    while ($true) {
        try {
            $null = Set-CASMailbox -Identity $Guid @Switches -ErrorAction Stop
            return
        }
        catch {
            if ($pause -gt 60 -or $_.Exception.Message -notmatch $Transient) { throw }
            Start-Sleep -Seconds $pause
            $pause = $pause * 2
        }
    }
}

# A switch that stands as wanted is not written again, so the script can be called as often as one likes.
function Set-Switch {
    param($Row, $Wanted)
    $name = [string]$Row.PrimarySmtpAddress
    $switches = @{}
    foreach ($field in $Wanted.Keys) {
        if ($Row.$field -ne $Wanted[$field]) { $switches[$field] = $Wanted[$field] }
    }
    if ($switches.Count -eq 0) {
        Write-Log $name 'already' ''
        return
    }
    if ($WhatIfPreference) {
        Write-Host ('What if: {0}: {1}' -f $name, ($switches.Keys -join ', '))
        return
    }
    try {
        Set-Retried ([string]$Row.Guid) $switches
        Write-Log $name 'written' ($switches.Keys -join ', ')
    }
    catch {
        Write-Log $name 'failed' $_.Exception.Message
    }
}

# An Identity that nobody has can answer with every mailbox of the tenant: the row must bear the name.
function Get-Box {
    param([string]$Address)
    try {
        foreach ($row in (Get-CASMailbox -Identity $Address -ErrorAction Stop)) {
            if ([string]$row.PrimarySmtpAddress -eq $Address -or [string]$row.Guid -eq $Address) { return $row }
        }
        Write-Log $Address 'failed' 'no mailbox has this primary address'
    }
    catch {
        Write-Log $Address 'failed' $_.Exception.Message
    }
    return $null
}

function Get-Wanted {
    param($Protocols, [bool]$Open)
    $wanted = @{}
    if ($Protocols -contains 'imap') { $wanted['ImapEnabled'] = $Open }
    if ($Protocols -contains 'pop') { $wanted['PopEnabled'] = $Open }
    if ($Protocols -contains 'smtp') { $wanted['SmtpClientAuthenticationDisabled'] = (-not $Open) }
    return $wanted
}

function Get-Addresses {
    param([string]$File)
    $found = @()
    foreach ($row in (Import-Csv -LiteralPath $File)) {
        $address = [string]$row.Mailbox
        if (-not $address) { $address = [string]$row.PrimarySmtpAddress }
        if (-not $address) { throw "$File has no column Mailbox or PrimarySmtpAddress" }
        $found += $address.Trim()
    }
    return , $found
}

if (-not (Get-ConnectionInformation)) { Connect-ExchangeOnline -ShowBanner:$false }

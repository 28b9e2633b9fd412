#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement
# Opens protocols for the members of a distribution group or a mail-enabled security group.
#
#   ./enable-group.ps1 -Group scanners@contoso.com -Protocol smtp -WhatIf
#
# Direct members only: groups in the group are named in the log and left alone.
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)]
    [string]$Group,
    [Parameter(Mandatory)]
    [ValidateSet('imap', 'pop', 'smtp')]
    [string[]]$Protocol,
    [string]$Log = (Join-Path $PSScriptRoot 'enable-group.log.csv')
)
# <common>
$wanted = Get-Wanted $Protocol $true
foreach ($member in (Get-DistributionGroupMember -Identity $Group -ResultSize Unlimited -ErrorAction Stop)) {
    if ($member.RecipientTypeDetails -match 'Mailbox$') {
        $row = Get-Box ([string]$member.Guid)
        if ($null -ne $row) { Set-Switch $row $wanted }
    }
    else {
        Write-Log ([string]$member.PrimarySmtpAddress) 'left' "it is a $($member.RecipientTypeDetails)"
    }
}

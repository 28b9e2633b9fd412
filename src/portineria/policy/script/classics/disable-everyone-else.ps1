#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement
# Shuts protocols for every mailbox but those of a CSV, SMTP by an explicit no.
#
#   ./disable-everyone-else.ps1 -Csv allowed.csv -Protocol imap, pop, smtp -WhatIf
#
# Mailboxes that are made later get the defaults of their plan: Set-CASMailboxPlan changes those.
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)]
    [string]$Csv,
    [Parameter(Mandatory)]
    [ValidateSet('imap', 'pop', 'smtp')]
    [string[]]$Protocol,
    [string]$Log = (Join-Path $PSScriptRoot 'disable-everyone-else.log.csv')
)
# <common>
$wanted = Get-Wanted $Protocol $false
$allowed = Get-Addresses $Csv
foreach ($row in (Get-CASMailbox -ResultSize Unlimited -ErrorAction Stop)) {
    if ($allowed -contains [string]$row.PrimarySmtpAddress) { Write-Log ([string]$row.PrimarySmtpAddress) 'left' 'it stands in the list' }
    else { Set-Switch $row $wanted }
}

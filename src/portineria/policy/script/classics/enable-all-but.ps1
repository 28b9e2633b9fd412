#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement
# Opens protocols for every mailbox but those of a CSV.
#
#   ./enable-all-but.ps1 -Csv never.csv -Protocol imap -WhatIf
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)]
    [string]$Csv,
    [Parameter(Mandatory)]
    [ValidateSet('imap', 'pop', 'smtp')]
    [string[]]$Protocol,
    [string]$Log = (Join-Path $PSScriptRoot 'enable-all-but.log.csv')
)
# <common>
$wanted = Get-Wanted $Protocol $true
$except = Get-Addresses $Csv
foreach ($row in (Get-CASMailbox -ResultSize Unlimited -ErrorAction Stop)) {
    if ($except -contains [string]$row.PrimarySmtpAddress) { Write-Log ([string]$row.PrimarySmtpAddress) 'left' 'it stands in the list' }
    else { Set-Switch $row $wanted }
}

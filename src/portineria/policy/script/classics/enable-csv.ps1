#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement
# Opens protocols for the mailboxes of a CSV.
#
#   ./enable-csv.ps1 -Csv mailboxes.csv -Protocol imap, smtp -WhatIf
#
# The CSV has a column Mailbox (or PrimarySmtpAddress) with primary addresses. Opening a switch opens it for
# a password too, as far as nothing else refuses that: an authentication policy, Conditional Access.
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)]
    [string]$Csv,
    [Parameter(Mandatory)]
    [ValidateSet('imap', 'pop', 'smtp')]
    [string[]]$Protocol,
    [string]$Log = (Join-Path $PSScriptRoot 'enable-csv.log.csv')
)
# <common>
$wanted = Get-Wanted $Protocol $true
foreach ($address in (Get-Addresses $Csv)) {
    $row = Get-Box $address
    if ($null -ne $row) { Set-Switch $row $wanted }
}

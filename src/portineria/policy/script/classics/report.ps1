#Requires -Version 7.2
#Requires -Modules ExchangeOnlineManagement
# Writes who has what: the switches of every mailbox, and what the tenant's SMTP switch makes of them.
#
#   ./report.ps1 -Output who-has-what.csv
#
# A switch that is on is not yet an open door: licence, authentication policy, security defaults and
# Conditional Access speak too (portineria why tells all of it).
[CmdletBinding(SupportsShouldProcess)]
param(
    [string]$Output = (Join-Path $PSScriptRoot 'who-has-what.csv'),
    [string]$Log = (Join-Path $PSScriptRoot 'report.log.csv')
)
# <common>
if (Test-Path -LiteralPath $Output) { throw "$Output is there already: move it away, or name another one with -Output" }
$transport = Get-TransportConfig -ErrorAction Stop
foreach ($row in (Get-CASMailbox -ResultSize Unlimited -ErrorAction Stop)) {
    $smtp = $row.SmtpClientAuthenticationDisabled
    $from = 'its own switch'
    if ($null -eq $smtp) {
        $smtp = $transport.SmtpClientAuthenticationDisabled
        $from = 'the tenant'
    }
    $line = [pscustomobject]@{
        Mailbox  = [string]$row.PrimarySmtpAddress
        Imap     = $row.ImapEnabled
        Pop      = $row.PopEnabled
        Smtp     = (-not $smtp)
        SmtpFrom = $from
    }
    Export-Csv -InputObject $line -LiteralPath $Output -Append -NoTypeInformation -Encoding utf8 -WhatIf:$false -Confirm:$false
}

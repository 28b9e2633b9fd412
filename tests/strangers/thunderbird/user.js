// The profile of a Thunderbird that is met by tests: nothing in the background, nothing asked.

// The remote control listens at a port of its own choice, so that two programs do not meet.
user_pref("marionette.port", 0);

// The sign-in of a provider opens in a window of Thunderbird's own, where the tests can reach it.
user_pref("mailnews.oauth.useExternalBrowser", false);

// The private network has loopback only; Thunderbird would call that offline.
user_pref("network.manage-offline-status", false);
user_pref("offline.autoDetect", false);

// Updates, lists, reports, news: there is nobody to ask.
user_pref("app.normandy.enabled", false);
user_pref("app.update.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("datareporting.healthreport.uploadEnabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.blocklist.enabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("extensions.systemAddon.update.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("mail.inappnotifications.enabled", false);
user_pref("mailnews.start_page.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.trr.mode", 5);
user_pref("security.OCSP.enabled", 0);
user_pref("services.settings.server", "data:,nobody");
user_pref("toolkit.telemetry.enabled", false);

// Questions at the first start.
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("mail.rights.version", 1);
user_pref("mail.shell.checkDefaultClient", false);

// Work that no test looks at.
user_pref("mailnews.database.global.indexer.enabled", false);

// What it has to complain about is in what it prints.
user_pref("devtools.console.stdout.chrome", true);

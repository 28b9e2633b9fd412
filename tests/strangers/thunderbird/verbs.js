// What a person does in Thunderbird, for Marionette's chrome context. Each verb is asked by name
// (program.py) and waits for nothing outside of Thunderbird: what takes the server's time is
// looked at again and again from the other side, so that every wait has a bound and a story.

const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const SERVERS = { imap: 993, pop3: 995 };

function mainWindow() {
  return Services.wm.getMostRecentWindow("mail:3pane");
}

function windowAt(address) {
  return Array.from(Services.wm.getEnumerator(null)).find(w => w.location.href.endsWith(address));
}

function three() {
  return mainWindow().document.getElementById("tabmail").currentAbout3Pane;
}

function accountOf(name, type) {
  return MailServices.accounts.accounts.find(
    ({ incomingServer: server, defaultIdentity: self }) =>
      (server.username == name || self?.email == name) && server.type == type
  );
}

// By the server's own name for it; a POP3 account has folders of Thunderbird's own.
function folderOf(name, type, path) {
  return accountOf(name, type).incomingServer.rootFolder.descendants.find(folder =>
    folder instanceof Ci.nsIMsgImapMailFolder ? folder.onlineName == path : folder.name == path
  );
}

const VERBS = {
  ready() {
    const found = mainWindow();
    return found?.document.readyState == "complete" && Boolean(three());
  },

  // The account hub's own two steps: verify the configuration, then create the account. The
  // outcome is left in the main window. Without a password it is the sign-in with Microsoft.
  setUp(name, type, password, user = name, front = null) {
    const { AccountConfig } = ChromeUtils.importESModule(
      "resource:///modules/accountcreation/AccountConfig.sys.mjs"
    );
    const { ConfigVerifier } = ChromeUtils.importESModule(
      "resource:///modules/accountcreation/ConfigVerifier.sys.mjs"
    );
    const { CreateInBackend } = ChromeUtils.importESModule(
      "resource:///modules/accountcreation/CreateInBackend.sys.mjs"
    );
    const auth = Ci.nsMsgAuthMethod[password ? "passwordCleartext" : "OAuth2"];
    const config = new AccountConfig();
    config.identity.realname = name.split("@")[0];
    config.identity.emailAddress = name;
    Object.assign(config.incoming, {
      type,
      hostname: front?.host ?? "outlook.office365.com",
      port: front?.[type] ?? SERVERS[type],
      socketType: Ci.nsMsgSocketType.SSL,
      username: user,
      auth,
      password,
      loginAtStartup: false,
    });
    Object.assign(config.outgoing, {
      type: "smtp",
      hostname: front?.host ?? "smtp.office365.com",
      port: front?.smtp ?? 587,
      socketType: Ci.nsMsgSocketType.alwaysSTARTTLS,
      username: user,
      auth,
      password,
    });
    const main = mainWindow();
    main.outcome = null;
    new ConfigVerifier(main.msgWindow, new AbortController().signal)
      .verifyConfig(config, false)
      .then(verified => CreateInBackend.createAccountInBackend(verified))
      .then(
        () => (main.outcome = "in"),
        fault => (main.outcome = `out: ${fault.message}`)
      );
  },

  // What the account hub does first: ask the domain itself for its configuration, and use what it
  // says as it is. The outcome is left in the main window; `found` names the servers.
  setUpFound(name) {
    const { FetchConfig } = ChromeUtils.importESModule(
      "resource:///modules/accountcreation/FetchConfig.sys.mjs"
    );
    const { AccountConfig } = ChromeUtils.importESModule(
      "resource:///modules/accountcreation/AccountConfig.sys.mjs"
    );
    const { ConfigVerifier } = ChromeUtils.importESModule(
      "resource:///modules/accountcreation/ConfigVerifier.sys.mjs"
    );
    const { CreateInBackend } = ChromeUtils.importESModule(
      "resource:///modules/accountcreation/CreateInBackend.sys.mjs"
    );
    const main = mainWindow();
    main.outcome = null;
    main.found = null;
    const signal = new AbortController().signal;
    FetchConfig.fromISP(name.split("@")[1], name, signal)
      .then(config => {
        AccountConfig.replaceVariables(config, name.split("@")[0], name, "");
        main.found = [config.incoming, config.outgoing].map(
          ({ type, hostname, port, username, auth }) => [type, hostname, port, username, auth]
        );
        return new ConfigVerifier(main.msgWindow, signal).verifyConfig(config, false);
      })
      .then(verified => CreateInBackend.createAccountInBackend(verified))
      .then(
        () => (main.outcome = "in"),
        fault => (main.outcome = `out: ${fault.message}`)
      );
  },

  found() {
    return mainWindow().found;
  },

  // Log in to the sending host alone, as the server's settings do.
  tryToSend(name, password) {
    const server = MailServices.outgoingServer.createServer("smtp");
    const smtp = server.QueryInterface(Ci.nsISmtpServer);
    smtp.hostname = "smtp.office365.com";
    smtp.port = 587;
    server.socketType = Ci.nsMsgSocketType.alwaysSTARTTLS;
    server.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
    server.username = name;
    server.password = password;
    const main = mainWindow();
    main.outcome = null;
    server.verifyLogon(
      {
        QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
        OnStartRunningUrl() {},
        OnStopRunningUrl(url, status) {
          main.outcome = status ? `out: ${url.errorMessage}` : "in";
          MailServices.outgoingServer.deleteServer(server);
        },
      },
      main.msgWindow
    );
  },

  outcome() {
    return mainWindow().outcome;
  },

  // Fill in the page in the sign-in window and press its button: once a page, if it is there.
  async signIn(values, button) {
    const browser = windowAt("/browserRequest.xhtml")?.document.getElementById("requestFrame");
    if (!browser?.messageManager) {
      return null;
    }
    const answer = `strangers:${Services.uuid.generateUUID()}`;
    const inPage = `{
      const page = content.document;
      const fields = Object.entries(${JSON.stringify(values)})
        .map(([name, value]) => [page.querySelector("[name=" + name + "]"), value]);
      const button = page.querySelector(${JSON.stringify(button)});
      const there = page.readyState == "complete" && button && fields.every(([field]) => field);
      if (there && !button.hidden) {
        fields.forEach(([field, value]) => { field.value = value; });
        button.hidden = true;
        button.click();
      }
      const text = page.body ? page.body.innerText : "";
      sendAsyncMessage("${answer}", { url: page.location.href, text, pressed: Boolean(there) });
    }`;
    const { promise, resolve } = Promise.withResolvers();
    const late = mainWindow().setTimeout(() => resolve(null), 2000);
    browser.messageManager.addMessageListener(answer, message => resolve(message.data));
    browser.messageManager.loadFrameScript(`data:,${encodeURIComponent(inPage)}`, false);
    const told = await promise;
    mainWindow().clearTimeout(late);
    return told;
  },

  folders(name, type) {
    const { rootFolder } = accountOf(name, type).incomingServer;
    return rootFolder.descendants.map(folder => `${folder.URI} ${folder.onlineName ?? ""}`);
  },

  // Click on a folder; true when it is shown.
  open(name, type, path) {
    const folder = folderOf(name, type, path);
    if (folder) {
      three().displayFolder(folder);
    }
    return Boolean(folder) && three().gFolder == folder;
  },

  // "Get Messages" of the account.
  fetch(name, type, path) {
    const server = accountOf(name, type).incomingServer;
    server.getNewMessages(folderOf(name, type, path), mainWindow().msgWindow, null);
  },

  subjects(name, type, path) {
    const folder = folderOf(name, type, path);
    return folder ? Array.from(folder.messages, header => header.mime2DecodedSubject) : [];
  },

  // Click on a message of the folder that is shown; its text when it has been loaded.
  read(subject) {
    const shown = three();
    const header = Array.from(shown.gFolder.messages).find(
      one => one.mime2DecodedSubject == subject
    );
    if (!header) {
      return null;
    }
    shown.selectMessage(header);
    const pane = shown.messageBrowser.contentWindow;
    if (!pane.msgLoaded || pane.gMessage != header) {
      return null;
    }
    const page = pane.getMessagePaneBrowser().contentDocument;
    return page.querySelector(".moz-text-plain, .moz-text-flowed")?.textContent ?? null;
  },

  // Press Delete on the message that is shown; true when there was one.
  discard() {
    const shown = Boolean(three().messageBrowser.contentWindow.gMessage);
    if (shown) {
      mainWindow().goDoCommand("cmd_delete");
    }
    return shown;
  },

  // Write a message in the composition window.
  write(name, type, to, subject, text) {
    const { identities } = accountOf(name, type);
    // Exchange keeps a copy of what is sent by itself; a second one by the client is not wanted.
    identities[0].doFcc = false;
    const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(
      Ci.nsIMsgCompFields
    );
    Object.assign(fields, { to, subject, body: text });
    const given = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(
      Ci.nsIMsgComposeParams
    );
    Object.assign(given, {
      type: Ci.nsIMsgCompType.New,
      format: Ci.nsIMsgCompFormat.PlainText,
      identity: identities[0],
      composeFields: fields,
    });
    MailServices.compose.OpenComposeWindowWithParams(null, given);
  },

  // Press Send once the window is ready for it; true when it was pressed.
  send() {
    const found = windowAt("/messengercompose.xhtml");
    const button = found?.document.getElementById("button-send");
    if (!found?.composeEditorReady || button.disabled) {
      return false;
    }
    found.goDoCommand("cmd_sendNow");
    return true;
  },

  windows() {
    return Array.from(
      Services.wm.getEnumerator(null),
      found => `${found.location.href} ${found.document.title}`
    );
  },
};
